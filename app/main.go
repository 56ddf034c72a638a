// Command app is Switchboard: it serves the product API.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintf(os.Stderr, "switchboard: %v\n%s", err, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "switchboard:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

const usage = `usage: app [command]

  (none)   serve the product API; the environment configures it
  config [-effective | -check]
           print every variable, its default and its meaning; -effective: its value now, secrets hidden, and where
           that comes from, and how the configured accounts differ; -check: every mistake in the configuration, exit code 1 when there is one
  backup file
           keep the SQLite store and the uploads of SWITCHBOARD_DATA_DIR in a new file, while the program runs
  restore file
           put such a file back into an empty SWITCHBOARD_DATA_DIR
  erase -app id -user id [-by name] [-reason text]
           have the running process take away all that is kept of a user, and wait for its end
  export -app id -user id [-by name] [-reason text] file
           have the running process write all that is kept of a user to a new file, as JSON Lines
  version  print the version
  health   ask a running process whether it is alive; exit code 1 when not
  sign explain [-signature s] [-now unix] [-date "vendor's Date"] vendor name=value ...
           show how the configured account signs these values, and why a vendor would refuse the signature
  certify [-only text] [-json file] [-against file] vendor
           hold the configured account (one made for tests!), or the vendor's mock, to the vendor contract;
           write the report, and name what differs from an earlier one; exit code 1 when a check failed
  simulate [-scenario slack|tight|overload|burst|empty|away|cross|outage|kill|skew|rude|lossy] [-candidates n] [-horizon 2h] [-asks per-second] [-day 0..1] [-affinity logits] [-seed n]
           compare the strategies of pair matching over one world, against what a clairvoyant could do
`

// startTime is after which a start has long made its garbage, which is several times what
// stays of it, and is given back.
const startTime = 2 * time.Second

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		cfg, err := loadConfig()
		if err != nil {
			return err
		}
		time.AfterFunc(startTime, debug.FreeOSMemory)
		return run(ctx, cfg, stdout, stderr)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	case "version":
		_, err := fmt.Fprintln(stdout, version())
		return err
	case "config":
		return showConfig(args[1:], stdout)
	case "backup", "restore":
		return keep(ctx, args[0], args[1:], stdout)
	case "erase", "export":
		return personal(ctx, args[0], args[1:], stdout)
	case "health":
		cfg, err := readConfig()
		if err != nil {
			return err
		}
		return health(ctx, cfg.Listen)
	case "sign":
		if len(args) < 2 || args[1] != "explain" {
			return errUsage
		}
		cfg, err := readConfig()
		if err != nil {
			return err
		}
		return explainSign(cfg, args[2:], stdout)
	case "certify":
		cfg, err := loadConfig()
		if err != nil {
			return err
		}
		return certifyVendor(ctx, cfg, args[1:], stdout)
	case "simulate":
		return simulate(ctx, args[1:], stdout)
	}
	return errUsage
}
