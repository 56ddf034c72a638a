package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"switchboard/app/environ"
	"switchboard/app/tracing"
	"switchboard/app/vendorset"
)

// showConfig is the command config.
func showConfig(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return printConfig(stdout)
	}
	if len(args) > 1 || args[0] != "-effective" && args[0] != "-check" {
		return errUsage
	}
	cfg, err := loadConfig()
	if args[0] == "-check" {
		for _, text := range cfg.doubts() {
			fmt.Fprintln(stdout, "warning: "+text)
		}
		if err == nil {
			_, err = fmt.Fprintln(stdout, "the configuration is complete")
		}
		return err
	}
	if shown := errors.Join(environ.PrintEffective(stdout, envPrefix, &cfg), environ.PrintEffective(stdout, tracingPrefix, &cfg.Tracing)); shown != nil {
		return shown
	}
	if err != nil {
		return err
	}
	return showTraits(stdout, cfg)
}

// showTraits prints what differs between the configured accounts that have the same
// ability. No call is made to any vendor.
func showTraits(stdout io.Writer, cfg Config) error {
	accounts, err := vendorset.Open(cfg.accounts())
	if err != nil {
		return err
	}
	defer accounts.Close()
	table := tabwriter.NewWriter(stdout, 0, 4, 2, ' ', 0)
	fmt.Fprint(table, "\nACCOUNT\tABILITY\tHOW\n")
	for _, v := range accounts.Router.All() {
		for _, t := range v.Declared() {
			fmt.Fprintf(table, "%s\t%s\t%s\n", v.Name, t.Name, t.Value)
		}
	}
	return table.Flush()
}

// printConfig lists every variable, those of OpenTelemetry last.
func printConfig(w io.Writer) error {
	if err := environ.Print(w, envPrefix, &Config{}); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return environ.Print(w, tracingPrefix, &tracing.Config{})
}
