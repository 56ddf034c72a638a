package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// addScripts makes the JavaScript of the TypeScript that people and the console load
// as it is: client.js and realtime.js, each one module without imports.
func addScripts(files map[string][]byte, dir string) error {
	for _, name := range []string{"client", "realtime"} {
		out := name + ".js"
		result := api.Build(api.BuildOptions{
			AbsWorkingDir: absolute(dir), EntryPoints: []string{filepath.Join("typescript", name+".ts")},
			Bundle: true, Format: api.FormatESModule, Target: api.ES2020, Charset: api.CharsetUTF8,
			Banner:  map[string]string{"js": "// Made by openapi/generate from " + name + ".ts. DO NOT EDIT."},
			Plugins: []api.Plugin{fresh(files)},
		})
		if len(result.Errors) > 0 {
			return fmt.Errorf("%s: %w", out, errors.New(result.Errors[0].Text))
		}
		files["typescript/"+out] = result.OutputFiles[0].Contents
	}
	return nil
}

// fresh reads generated.ts as it was made now, not as it lies in the folder.
func fresh(files map[string][]byte) api.Plugin {
	return api.Plugin{Name: "fresh", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: `/generated\.ts$`}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: "generated.ts", Namespace: "fresh"}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "fresh"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			text := string(files["typescript/generated.ts"])
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, nil
		})
	}}
}

func absolute(dir string) string {
	out, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return out
}
