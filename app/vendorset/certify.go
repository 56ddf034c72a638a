package vendorset

import (
	"context"
	"fmt"

	"switchboard/app/certify"
	"switchboard/vendors/vendortest"
)

// Certify holds a vendor to the contract with the checks that only accepts, all
// for nil: the account of c, which has to be one made for tests, or the vendor's
// mock when c has none.
func Certify(ctx context.Context, vendor string, c Config, only func(check string) bool) (vendortest.Report, error) {
	v, found := Find(vendor)
	if !found {
		return vendortest.Report{}, fmt.Errorf("no vendor named %q: one of %v", vendor, Names())
	}
	if !v.Configured(c) {
		return vendortest.Certify(ctx, vendor, "mock", only, v.imitated), nil
	}
	f, err := v.fixture(c)
	if err != nil {
		return vendortest.Report{}, err
	}
	return certify.Account(ctx, vendor, f, only)
}
