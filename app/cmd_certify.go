package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"switchboard/app/vendorset"
	"switchboard/vendors/vendortest"
)

var errNotCertified = errors.New("the vendor does not keep the contract")

// certifyVendor runs the vendor contract against the configured account or,
// without one, against the vendor's mock. It prints the report for people,
// writes it as JSON where -json says, and names what differs from an earlier
// one. args: [flags] vendor
func certifyVendor(ctx context.Context, cfg Config, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("certify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	only := flags.String("only", "", "")
	file := flags.String("json", "", "")
	against := flags.String("against", "", "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() != 1 || !slices.Contains(vendorset.Names(), flags.Arg(0)) {
		return fmt.Errorf("%w: certify one of %v", errUsage, vendorset.Names())
	}
	report, err := vendorset.Certify(ctx, flags.Arg(0), cfg.VendorsConfig, func(check string) bool { return strings.Contains(check, *only) })
	if err != nil {
		return err
	}
	if err := report.WriteText(stdout); err != nil {
		return err
	}
	if *file != "" {
		if err := writeReport(*file, report); err != nil {
			return err
		}
	}
	if *against != "" {
		if err := compareReports(*against, report, stdout); err != nil {
			return err
		}
	}
	if !report.OK() {
		return errNotCertified
	}
	return nil
}

func writeReport(file string, r vendortest.Report) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func compareReports(file string, now vendortest.Report, stdout io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var before vendortest.Report
	if err := json.Unmarshal(text, &before); err != nil {
		return fmt.Errorf("%s is no report: %w", file, err)
	}
	diff := before.Diff(now)
	_, err = fmt.Fprintf(stdout, "\n%d checks differ from %s (%s, %s)\n", len(diff), file, before.Target, before.Started.Format("2006-01-02 15:04:05"))
	for _, line := range diff {
		fmt.Fprintln(stdout, "  "+line)
	}
	return err
}
