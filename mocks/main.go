// The mock vendors alone, each on a port of its own: go run ./mocks
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"switchboard/app/vendorset"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mocks:", err)
		os.Exit(1)
	}
}

// sandboxApps opens nothing but a product that runs on mocks.
const sandboxApps = `'[{"id":"666666","key":"master","jwt_secret":"sandbox-only-secret"}]'`

const serving = "Serving; Ctrl-C ends it."

// run starts the mocks that the flags name, prints what a customer has to set,
// and closes them when ctx ends. Credentials are read from the same variables
// as the product's; what is not set is made up, the same at every start.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("mocks", flag.ContinueOnError)
	flags.SetOutput(out)
	listen := map[string]*string{}
	for _, v := range vendorset.Mocked() {
		listen[v.Name] = flags.String(v.Name, v.Listen, "address of its mock; empty: none")
	}
	asJSON := flags.Bool("json", false, "print one line of JSON once all serve, instead of lines for a shell")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var all []running
	for _, v := range vendorset.Mocked() {
		if *listen[v.Name] == "" {
			continue
		}
		mock, startErr := v.StartMock(vendorset.MockOptions{
			Listen: *listen[v.Name],
			Given:  func(setting string) string { return os.Getenv(v.Variable(setting)) },
		})
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, mock.Close()) }()
		all = append(all, running{v, mock})
	}
	print := printShell
	if *asJSON {
		print = printJSON
	}
	if err := print(out, all); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// running is a vendor whose mock serves.
type running struct {
	vendorset.Vendor
	mock vendorset.Mock
}

// printShell prints lines to paste into a shell, or to eval.
func printShell(out io.Writer, all []running) error {
	var b strings.Builder
	b.WriteString("# Mock vendors: paste these lines where the product starts.\n")
	for _, r := range all {
		fmt.Fprintf(&b, "\n# what it received: %s/_mock/\nexport %s=%s\n", r.mock.URL, r.Variable("BASE_URL"), r.mock.URL)
		for _, s := range r.mock.Settings {
			export(&b, r.Variable(s.Name), s.String())
		}
	}
	b.WriteString("\n# an app of the product\n")
	export(&b, vendorset.EnvPrefix+"_APPS", sandboxApps)
	b.WriteString("\n# " + serving + "\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// export leaves out what the environment brought: it may be a real secret, and
// whoever set it has it.
func export(out io.Writer, name, value string) {
	if os.Getenv(name) == "" {
		fmt.Fprintf(out, "export %s=%s\n", name, value)
	}
}

// printJSON prints {"rongcloud": {"url": "...", "credentials": {"app_key": "..."}}}:
// credentials by the names that namespaces give them, without those that the
// environment brought.
func printJSON(out io.Writer, all []running) error {
	type view struct {
		URL         string         `json:"url"`
		Credentials map[string]any `json:"credentials"`
	}
	vendors := map[string]view{}
	for _, r := range all {
		shown := view{URL: r.mock.URL, Credentials: map[string]any{}}
		for _, s := range r.mock.Settings {
			if os.Getenv(r.Variable(s.Name)) == "" {
				shown.Credentials[strings.ToLower(s.Name)] = s.Value
			}
		}
		vendors[r.Name] = shown
	}
	return json.NewEncoder(out).Encode(vendors)
}
