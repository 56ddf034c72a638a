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

	"switchboard/vendors"
	"switchboard/vendors/linkv"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/youme"
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

func explain(cfg Config, vendor string, in vendors.SignInput) ([]vendors.Explanation, error) {
	var configured bool
	var out []vendors.Explanation
	switch vendor {
	case "rongcloud":
		configured, out = cfg.RongCloud.Configured(), []vendors.Explanation{rongcloud.Explain(cfg.RongCloud, in)}
	case "linkv":
		configured, out = cfg.LinkV.Configured(), linkv.Explain(cfg.LinkV, in)
	case "youme":
		configured, out = cfg.YouMe.Configured(), []vendors.Explanation{youme.Explain(cfg.YouMe, in)}
	default:
		return nil, fmt.Errorf("%w: no vendor %q: rongcloud, linkv or youme", errUsage, vendor)
	}
	if !configured {
		return nil, fmt.Errorf("%s is not configured: set %s_%s_*", vendor, envPrefix, strings.ToUpper(vendor))
	}
	return out, nil
}

func unixSeconds(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not Unix seconds", s)
	}
	return time.Unix(n, 0), nil
}
