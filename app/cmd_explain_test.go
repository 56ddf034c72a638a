package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestASignatureIsExplainedWithoutItsSecret(t *testing.T) {
	for name, value := range map[string]string{
		"LINKV_APP_ID": "mockapp", "LINKV_APP_KEY": "mockkey", "LINKV_APP_SECRET": "mocksecret",
		"YOUME_APP_KEY": "YOUME1", "YOUME_APP_SECRET": "mocksecret", "RONGCLOUD_APP_SECRET": "mocksecret", "RONGCLOUD_APP_KEY": "k",
	} {
		t.Setenv(envPrefix+"_"+name, value)
	}
	for _, c := range []struct {
		args string
		says []string // none: refused
	}{
		{"youme -now 1700000412 curtime=1700000000", nil}, // flags stand before the vendor
		{"-now 1700000412 -signature 00 youme curtime=1700000000", []string{
			"701a8668cef89a937d526403240ac286e760efb4", "[secret of 10 bytes]1700000000", "6m52s", "at most 5m0s", "does not match",
		}},
		{"-now 1700000000 linkv nonce=abcDEF123-qwer-ty12-ABCDEFGH1234 timestamp=1700000000", []string{
			"bd46648865703ae261fb0266a9036be6", "B4A54B7D03F5984B72B4DC57AAF17DB3A62F998B", "mockapp|mockkey|1700000000|",
		}},
		{"rongcloud Nonce=1 Timestamp=2", []string{"[secret of 10 bytes]12"}},
		{"nobody", nil},
		{"youme curtime", nil},
		{"", nil},
	} {
		var out bytes.Buffer
		err := command(t.Context(), append([]string{"sign", "explain"}, strings.Fields(c.args)...), &out, &out)
		if (err == nil) != (c.says != nil) || (err != nil && !errors.Is(err, errUsage)) {
			t.Errorf("%s: %v", c.args, err)
		}
		for _, want := range c.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", c.args, want, out.String())
			}
		}
		if strings.Contains(out.String(), "mocksecret") {
			t.Errorf("%s: the secret shows", c.args)
		}
	}
	if err := command(t.Context(), []string{"sign", "forge"}, &bytes.Buffer{}, &bytes.Buffer{}); !errors.Is(err, errUsage) {
		t.Errorf("sign forge: %v", err)
	}
}

func TestASignatureOfAnAccountThatIsNotConfiguredIsNotExplained(t *testing.T) {
	err := command(t.Context(), []string{"sign", "explain", "linkv", "nonce=1"}, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_LINKV_*") {
		t.Errorf("%v", err)
	}
}
