package environ

import (
	"fmt"
	"net/netip"
	"strings"
)

// Prefixes is a list of networks in CIDR form.
type Prefixes []netip.Prefix

// Decode reads "10.0.0.0/8,::1/128"; a bare address is a network of one.
func (p *Prefixes) Decode(value string) error {
	*p = nil
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
