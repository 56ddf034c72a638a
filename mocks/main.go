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
	"strings"
	"syscall"

	"github.com/kelseyhightower/envconfig"

	"switchboard/mocks/linkv"
	"switchboard/mocks/rongcloud"
	"switchboard/mocks/youme"
)

const sandboxCoins = 1000 // of a user whom LinkV first sees

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

// running is a mock that serves.
type running struct {
	prefix      string // of its variables: "SWITCHBOARD_LINKV"
	url         string
	credentials [][2]string // name without the prefix, and value
	close       func() error
}

// run starts the mocks that the flags name, prints what a customer has to set,
// and closes them when ctx ends. Credentials are read from the same variables
// as the product's; what is not set is made up, the same at every start.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("mocks", flag.ContinueOnError)
	flags.SetOutput(out)
	starts := []struct {
		addr  *string
		start func(addr string) (running, error)
	}{
		{flags.String("rongcloud", "127.0.0.1:9101", "address of RongCloud; empty: none"), startRongCloud},
		{flags.String("linkv", "127.0.0.1:9102", "address of LinkV; empty: none"), startLinkV},
		{flags.String("youme", "127.0.0.1:9103", "address of YouMe; empty: none"), startYouMe},
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	fmt.Fprintln(out, "# Mock vendors: paste these lines where the product starts.")
	for _, s := range starts {
		if *s.addr == "" {
			continue
		}
		mock, startErr := s.start(*s.addr)
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, mock.close()) }()
		mock.show(out)
	}
	fmt.Fprintln(out, "\n# an app of the product")
	export(out, "SWITCHBOARD_APPS", sandboxApps)
	fmt.Fprintln(out, "\n# "+serving)
	<-ctx.Done()
	return nil
}

func (r running) show(out io.Writer) {
	fmt.Fprintf(out, "\n# what it received: %s/_mock/journal\nexport %s_BASE_URL=%s\n", r.url, r.prefix, r.url)
	for _, c := range r.credentials {
		export(out, r.prefix+"_"+c[0], c[1])
	}
}

// export leaves out what the environment brought: it may be a real secret, and
// whoever set it has it.
func export(out io.Writer, name, value string) {
	if os.Getenv(name) == "" {
		fmt.Fprintf(out, "export %s=%s\n", name, value)
	}
}

func startRongCloud(addr string) (running, error) {
	const prefix = "SWITCHBOARD_RONGCLOUD"
	cfg := rongcloud.Config{Listen: addr}
	if err := envconfig.Process(prefix, &cfg.Account); err != nil {
		return running{}, err
	}
	s, err := rongcloud.Start(cfg)
	if err != nil {
		return running{}, err
	}
	have := s.Default().Credential
	return running{prefix: prefix, url: s.URL, close: s.Close, credentials: [][2]string{
		{"APP_KEY", have("app_key")}, {"APP_SECRET", have("app_secret")},
	}}, nil
}

func startLinkV(addr string) (running, error) {
	const prefix = "SWITCHBOARD_LINKV"
	cfg := linkv.Config{Listen: addr, StartBalance: sandboxCoins}
	if err := envconfig.Process(prefix, &cfg.Account); err != nil {
		return running{}, err
	}
	s, err := linkv.Start(cfg)
	if err != nil {
		return running{}, err
	}
	have := s.Default().Credential
	return running{prefix: prefix, url: s.URL, close: s.Close, credentials: [][2]string{
		{"APP_ID", have("app_id")}, {"APP_KEY", have("app_key")}, {"APP_SECRET", have("app_secret")},
		{"LIVE_APP_ID", have("live_app_id")}, {"LIVE_APP_SECRET", have("live_app_secret")},
	}}, nil
}

func startYouMe(addr string) (running, error) {
	const prefix = "SWITCHBOARD_YOUME"
	cfg := youme.Config{Listen: addr}
	if err := envconfig.Process(prefix, &cfg.Account); err != nil {
		return running{}, err
	}
	s, err := youme.Start(cfg)
	if err != nil {
		return running{}, err
	}
	have := s.Default().Credential
	return running{prefix: prefix, url: s.URL, close: s.Close, credentials: [][2]string{
		{"APP_KEY", have("app_key")}, {"APP_SECRET", have("app_secret")},
		{"APP_ID", have("app_id")}, {"IDENTIFIER", have("identifier")},
		{"AUTH_CODES", strings.Join(youme.AuthCodes(), ",")},
	}}, nil
}
