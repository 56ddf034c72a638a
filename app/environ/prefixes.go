package environ

import (
	"fmt"
	"net/netip"
	"strings"
)

// Prefixes is a list of networks in CIDR form.
type Prefixes []netip.Prefix

// Decode reads "10.0.0.0/8,::1/128"; a bare address is a network of one, and auto is
// none yet, see IsAuto.
func (p *Prefixes) Decode(value string) error {
	*p = nil
	if value == "auto" {
		*p = Prefixes{{}}
		return nil
	}
	for field := range strings.SplitSeq(value, ",") {
		field = strings.TrimSpace(field)
		if field == "" {
			continue
		}
		if addr, err := netip.ParseAddr(field); err == nil {
			*p = append(*p, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(field)
		if err != nil {
			return fmt.Errorf("%q is no network such as 10.0.0.0/8", field)
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

// IsAuto says that the program decides: nothing was set.
func (p Prefixes) IsAuto() bool { return len(p) == 1 && !p[0].IsValid() }

// Loopback is this machine.
func Loopback() Prefixes {
	return Prefixes{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}
