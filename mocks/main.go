// The mock vendors alone, each on a port of its own: go run ./mocks
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
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
	for _, v := range vendorset.All() {
		listen[v.Name] = flags.String(v.Name, v.Listen, "address of its mock; empty: none")
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	fmt.Fprintln(out, "# Mock vendors: paste these lines where the product starts.")
	for _, v := range vendorset.All() {
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
		show(out, v, mock)
	}
	fmt.Fprintln(out, "\n# an app of the product")
	export(out, vendorset.EnvPrefix+"_APPS", sandboxApps)
	fmt.Fprintln(out, "\n# "+serving)
	<-ctx.Done()
	return nil
}

func show(out io.Writer, v vendorset.Vendor, m vendorset.Mock) {
	fmt.Fprintf(out, "\n# what it received: %s/_mock/journal\nexport %s=%s\n", m.URL, v.Variable("BASE_URL"), m.URL)
	for _, s := range m.Settings {
		export(out, v.Variable(s.Name), s.String())
	}
}

// export leaves out what the environment brought: it may be a real secret, and
// whoever set it has it.
func export(out io.Writer, name, value string) {
	if os.Getenv(name) == "" {
		fmt.Fprintf(out, "export %s=%s\n", name, value)
	}
}
