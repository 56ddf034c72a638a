package youme

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/mock"
)

func TestTheChecksumMatchesTheReferenceVector(t *testing.T) {
	if got := checksum("mocksecret", "1700000000"); got != "701a8668cef89a937d526403240ac286e760efb4" {
		t.Fatal(got)
	}
}

func TestTheChecksumIsCheckedStrictlyAndTheJournalSaysWhy(t *testing.T) {
	now := time.Unix(1800000000, 0)
	at := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for _, row := range []struct{ name, query, code, reason string }{
		{"good", query(at(0), "mocksecret"), "0", ""},
		{"almost too old", query(at(-299*time.Second), "mocksecret"), "0", ""},
		{"fractions", query(at(0)+".123", "mocksecret"), "0", ""},
		{"escaped identifier", strings.Replace(query(at(0), "mocksecret"), "name+1@", "name%2B1%40", 1), "0", ""},
		{"another order", "?checksum=" + checksum("mocksecret", at(0)) + "&curtime=" + at(0) + "&identifier=name+1@example.com&appkey=YOUMEKEY", "0", ""},
		{"old", query(at(-412*time.Second), "mocksecret"), codeExpired, "timestamp 412 s old"},
		{"ahead", query(at(412*time.Second), "mocksecret"), codeExpired, "s ahead"},
		{"milliseconds", query(at(0)+"000", "mocksecret"), codeExpired, "s ahead"},
		{"no number", query("now", "mocksecret"), codeExpired, "curtime is not in seconds"},
		{"infinite", query("Inf", "mocksecret"), codeExpired, "curtime is not in seconds"},
		{"another secret", query(at(0), "other"), codeChecksum, "checksum does not match"},
		{"upper case", strings.ToUpper(query(at(0), "mocksecret")[len(query(at(0), "mocksecret"))-40:]), codeAppKey, "no namespace"},
		{"another identifier", strings.Replace(query(at(0), "mocksecret"), "name", "else", 1), codeIdentifier, "identifier is not"},
		{"no parameters", "", codeAppKey, "no namespace"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := start(t)
			r.Clock.Set(now.Add(100 * time.Millisecond))
			q := row.query
			if q != "" && !strings.HasPrefix(q, "?") {
				q = "?" + q
			}
			a := r.post("/v1/im/get_talk_channel_list", q, `{"AppID":1000}`)
			e, _ := r.Journal.Last(mock.Filter{})
			if a.code() != row.code || !strings.Contains(e.Refused, row.reason) || strings.Contains(e.Signature.Canonical+e.Refused, "mocksecret") {
				t.Fatalf("%v, journal: %+v", a, e)
			}
			if (a["ActionStatus"] == "OK") != (row.code == "0") {
				t.Fatal(a)
			}
		})
	}
}
