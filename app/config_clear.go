package main

import (
	"net/url"
	"strings"

	"switchboard/app/bus"
	"switchboard/app/sqldb"
	"switchboard/vendors/upstream"
)

// inClear names the variables by which keys, texts or names of users may cross public
// networks unencrypted. Vendors' own are not among them: production refuses those.
func (c Config) inClear() (texts []string) {
	collector, traces := c.Tracing.PlainURL()
	for _, v := range []struct {
		variable string
		hosts    []string
		instead  string
	}{
		{envPrefix + "_DATABASE_URL", (sqldb.Config{URL: c.DatabaseURL.Reveal()}).PlainHosts(), "sslmode=verify-full, or tls=true of MySQL"},
		{envPrefix + "_BUS_URL", bus.PlainHosts(c.BusURL.Reveal()), "rediss:// or tls://"},
		{envPrefix + "_BLOB_URL", []string{c.UploadConfig.PlainHost()}, "an endpoint of https"},
		{envPrefix + "_PUBLIC_URL", plainHTTP(c.Public), "https"},
		{envPrefix + "_EVENTS_URL", plainHTTP(c.Events.URL), "https"},
		{envPrefix + "_PAIRING_EVENTS_URL", plainHTTP(c.Pairing.EventsURL), "https"},
		{envPrefix + "_PAIRING_PROFILE_URL", plainHTTP(c.Pairing.Profile.URL), "https"},
		{envPrefix + "_PAIRING_SOURCE", plainHTTP(c.Pairing.Source), "https"},
		{tracingPrefix + "_" + collector, plainHTTP(traces), "https"},
	} {
		for _, host := range v.hosts {
			if host != "" && !upstream.Private(host) {
				texts = append(texts, v.variable+": what goes to "+host+" may cross public networks in clear: take "+v.instead)
				break
			}
		}
	}
	return texts
}

// plainHTTP is the host of an http URL, alone; none where raw is something else.
func plainHTTP(raw string) []string {
	u, err := url.Parse(raw)
	if err != nil || !strings.EqualFold(u.Scheme, "http") {
		return nil
	}
	return []string{u.Hostname()}
}
