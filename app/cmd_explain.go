package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"switchboard/app/vendorset"
	"switchboard/vendors"
)

// explainSign prints how the configured account of a vendor signs the values
// that a request had, and what is wrong with the signature that it carried.
// args: [flags] vendor name=value ...
func explainSign(cfg Config, args []string, stdout io.Writer) error {
	in := vendors.SignInput{Values: url.Values{}, Now: time.Now()}
	flags := flag.NewFlagSet("sign explain", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&in.Signature, "signature", "", "")
	flags.Func("now", "", func(s string) (err error) { in.Now, err = unixSeconds(s); return err })
	flags.Func("date", "", func(s string) (err error) { in.Date, err = http.ParseTime(s); return err })
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() == 0 {
		return errUsage
	}
	for _, arg := range flags.Args()[1:] {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%w: %q is not name=value", errUsage, arg)
		}
		in.Values.Add(name, value)
	}
	explained, err := explain(cfg, flags.Arg(0), in)
	if err != nil {
		return err
	}
	for i, e := range explained {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if _, err := io.WriteString(stdout, e.String()); err != nil {
			return err
		}
	}
	return nil
}

func explain(cfg Config, name string, in vendors.SignInput) ([]vendors.Explanation, error) {
	vendor, found := vendorset.Find(name)
	if !found {
		return nil, fmt.Errorf("%w: no vendor %q: one of %s", errUsage, name, strings.Join(vendorset.Names(), ", "))
	}
	if !vendor.Configured(cfg.VendorsConfig) {
		return nil, fmt.Errorf("%s is not configured: set %s", name, vendor.Variable("*"))
	}
	if vendor.Explain == nil {
		return nil, fmt.Errorf("%s is not told who calls by a signature", name)
	}
	return vendor.Explain(cfg.VendorsConfig, in), nil
}

func unixSeconds(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not Unix seconds", s)
	}
	return time.Unix(n, 0), nil
}
