package main

import (
	"fmt"

	"switchboard/vendors"
	"switchboard/vendors/linkv"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
	"switchboard/vendors/youme"
)

// openVendors opens every configured account. This is the one place that knows
// all vendors; their order is that of a route that configuration leaves out.
func openVendors(cfg Config, opt upstream.Options) ([]*vendors.Vendor, error) {
	var all []*vendors.Vendor
	backup, hasBackup := cfg.RongCloud.Backup()
	for _, account := range []struct {
		configured bool
		open       func() (*vendors.Vendor, error)
	}{
		{cfg.RongCloud.Configured(), func() (*vendors.Vendor, error) { return rongcloud.Open("rongcloud", cfg.RongCloud, opt) }},
		{cfg.RongCloud.Configured() && hasBackup, func() (*vendors.Vendor, error) { return rongcloud.Open("rongcloud:backup", backup, opt) }},
		{cfg.LinkV.Configured(), func() (*vendors.Vendor, error) { return linkv.Open("linkv", cfg.LinkV, opt) }},
		{cfg.YouMe.Configured(), func() (*vendors.Vendor, error) { return youme.Open("youme", cfg.YouMe, opt) }},
	} {
		if !account.configured {
			continue
		}
		v, err := account.open()
		if err != nil {
			closeVendors(all)
			return nil, fmt.Errorf("opening a vendor: %w", err)
		}
		all = append(all, v)
	}
	return all, nil
}

func closeVendors(all []*vendors.Vendor) {
	for _, v := range all {
		v.Close()
	}
}

// openRoutes routes over all as cfg says.
func openRoutes(all []*vendors.Vendor, table map[vendors.Capability]vendors.Route) (*vendors.Router, error) {
	routes, err := vendors.NewRouter(all, nil)
	if err != nil {
		return nil, err
	}
	return routes, routes.Apply(table)
}
