// The command ui makes the files of the console's page, which are in ../dist, of the
// TypeScript here. "go generate ./handlers/console" runs it.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	files, err := build("ui")
	for name, content := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join("dist", name), content, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// build returns the page's files by name; dir is the folder of this command.
func build(dir string) (map[string][]byte, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: root, EntryPoints: []string{"app.tsx", "style.css"}, Outdir: root, Bundle: true,
		Format: api.FormatESModule, Target: api.ES2020, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		JSX: api.JSXAutomatic, JSXImportSource: "preact", Plugins: []api.Plugin{vendored(root)},
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Banner: map[string]string{"js": "// Made by handlers/console/ui; with Preact, (c) 2015-present Jason Miller, MIT licence."},
	})
	if len(result.Errors) > 0 {
		return nil, errors.New(strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	files["index.html"], err = os.ReadFile(filepath.Join(root, "index.html"))
	return files, err
}

// vendored finds Preact in the folder vendor.
func vendored(root string) api.Plugin {
	names := map[string]string{"preact": "preact.mjs", "preact/hooks": "hooks.mjs", "preact/jsx-runtime": "jsxRuntime.mjs"}
	return api.Plugin{Name: "vendored", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `^preact(/|$)`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: filepath.Join(root, "vendor", names[a.Path])}, nil
		})
	}}
}
