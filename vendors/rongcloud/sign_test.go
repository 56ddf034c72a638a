package rongcloud

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"switchboard/vendors"
)

// The official vector: docs/vendors/rongcloud.md#signing.
const (
	vectorSecret    = vendors.Secret("Y1W2MeFwwwRxa0")
	vectorNonce     = "14314"
	vectorTimestamp = "1408710653000"
	vectorDigest    = "30be0bbca9c9b2e27578701e9fda2358a814c88f"
)

func TestDigestIsTheOfficialVector(t *testing.T) {
	if got := digest(vectorSecret, vectorNonce, vectorTimestamp); got != vectorDigest {
		t.Errorf("digest %s, want %s", got, vectorDigest)
	}
}

func TestTimestampIsReadInSecondsAndInMilliseconds(t *testing.T) {
	want := time.UnixMilli(1408710653000)
	for _, text := range []string{"1408710653", "1408710653000"} {
		if got, ok := instant(text); !ok || !got.Equal(want) {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "soon", "-1", "0", "99999999999999999999"} {
		if _, ok := instant(text); ok {
			t.Errorf("%q is taken for a time", text)
		}
	}
}

func TestExplainTellsWhyASignatureIsRefused(t *testing.T) {
	cfg := Config{AppKey: "key", AppSecret: vectorSecret}
	now := time.UnixMilli(1408710653000).Add(5 * time.Minute)
	values := url.Values{"App-Key": {"key"}, "Nonce": {vectorNonce}, "Timestamp": {vectorTimestamp}}
	for _, c := range []struct {
		name    string
		in      vendors.SignInput
		problem string // "" none
	}{
		{"good", vendors.SignInput{Values: values, Signature: vectorDigest, Now: now}, ""},
		{"callback names", vendors.SignInput{Values: url.Values{"nonce": {vectorNonce}, "signTimestamp": {vectorTimestamp}}, Signature: vectorDigest, Now: now}, ""},
		{"other secret", vendors.SignInput{Values: values, Signature: strings.Repeat("0", 40), Now: now}, "not the digest"},
		{"other key", vendors.SignInput{Values: url.Values{"App-Key": {"other"}, "Nonce": {vectorNonce}, "Timestamp": {vectorTimestamp}}, Now: now}, "app key"},
		{"no nonce", vendors.SignInput{Values: url.Values{"Timestamp": {vectorTimestamp}}, Now: now}, "no nonce"},
		{"no time", vendors.SignInput{Values: url.Values{"Nonce": {"1"}, "Timestamp": {"soon"}}, Now: now}, "timestamp"},
		{"clocks apart", vendors.SignInput{Values: values, Now: now, Date: now.Add(-412 * time.Second)}, "differ"},
	} {
		e := explain(cfg, c.in)
		if c.problem == "" && (len(e.Problems) > 0 || e.Digest != vectorDigest || e.Age != 5*time.Minute) {
			t.Errorf("%s: %+v", c.name, e)
		}
		if c.problem != "" && !strings.Contains(strings.Join(e.Problems, "\n"), c.problem) {
			t.Errorf("%s: problems %q, want %q among them", c.name, e.Problems, c.problem)
		}
		if strings.Contains(e.String(), vectorSecret.Reveal()) {
			t.Errorf("%s: the explanation shows the secret", c.name)
		}
	}
}
