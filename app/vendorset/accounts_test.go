package vendorset

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	mockrong "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/linkv"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/youme"
)

// The backup host is the same account: what cannot be sent to the first, writes
// too, goes to the second.
func TestUnreachableHostIsServedByItsBackup(t *testing.T) {
	m, err := mockrong.Start(mockrong.Config{Account: mockrong.Account{AppKey: "k", AppSecret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	cfg := Config{RongCloud: rongcloud.Config{AppKey: "k", AppSecret: "s", CommandData: "object", BaseURL: "http://" + closed.Addr().String(), BackupURL: m.URL}}
	a, err := Open(Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	msg := vendors.Message{Kind: vendors.ToUsers, From: "a", To: []string{"b"}, Content: vendors.Content{Kind: vendors.Text, Text: "hi"}}
	_, err = vendors.Via(t.Context(), a.Router, vendors.Request{Capability: vendors.CapMessages, Effect: vendors.Write}, func(ctx context.Context, v *vendors.Vendor) (vendors.Receipt, error) {
		return v.Messages.Send(ctx, msg)
	})
	if err != nil || len(m.Inbox("b")) != 1 {
		t.Errorf("%v; the backup got %d messages", err, len(m.Inbox("b")))
	}
}

func TestAccountsFileThatCannotBeIsRefusedWithoutItsValues(t *testing.T) {
	for name, content := range map[string]string{
		"no JSON":         `{"rongcloud": [{"app_secret": "s3cr3t"`,
		"unknown setting": `{"rongcloud": [{"app_key": "k", "app_secret": "s3cr3t", "app_secrets": "s3cr3t"}]}`,
		"unknown vendor":  `{"acme": [{"app_secret": "s3cr3t"}]}`,
		"no key":          `{"rongcloud": []}`,
		"not a list":      `{"rongcloud": {"app_secret": "s3cr3t"}}`,
		"half a key":      `{"rongcloud": [{"app_secret": "s3cr3t"}]}`,
	} {
		path := filepath.Join(t.TempDir(), "accounts.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(Options{File: path})
		if err == nil {
			a.Close()
			t.Errorf("%s: taken", name)
			continue
		}
		if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: the error shows a value: %v", name, err)
		}
	}
}

func TestAccountsKeepTheOrderOfTheEnvironmentThenTheirNames(t *testing.T) {
	cfg := Config{RongCloud: rongcloud.Config{AppKey: "app", AppSecret: "secret", CommandData: "object", BaseURL: "https://rongcloud.example"}}
	file := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(file, []byte(`{"rongcloud:b": [{}], "rongcloud:a": [{"app_secret": "other"}, {}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Open(Options{Config: cfg, File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var names []string
	for _, v := range a.Router.Route(vendors.CapMessages) {
		names = append(names, v.Name)
	}
	if strings.Join(names, " ") != "rongcloud rongcloud:a rongcloud:b" || len(a.Router.Live("rongcloud:a")) != 2 {
		t.Fatalf("%v", names)
	}
}

// Whoever has to mend an account reads the name of the variable, or of the setting
// in the accounts file.
func TestWrongSettingIsNamedAsItStands(t *testing.T) {
	rong := rongcloud.Config{AppKey: "k", AppSecret: "s3cr3t", CommandData: "object", BaseURL: "https://rongcloud.example"}
	with := func(change func(c *Config)) Config {
		c := Config{RongCloud: rong}
		change(&c)
		return c
	}
	for want, c := range map[string]Config{
		"SWITCHBOARD_RONGCLOUD_APP_SECRET is required with SWITCHBOARD_RONGCLOUD_APP_KEY":  with(func(c *Config) { c.RongCloud.AppSecret = "" }),
		"SWITCHBOARD_RONGCLOUD_APP_KEY is required with SWITCHBOARD_RONGCLOUD_APP_SECRET":  with(func(c *Config) { c.RongCloud.AppKey = "" }),
		"SWITCHBOARD_RONGCLOUD_BASE_URL must be an http or https URL with a host":          with(func(c *Config) { c.RongCloud.BaseURL = "s3cr3t" }),
		"SWITCHBOARD_RONGCLOUD_BACKUP_URL must be an http or https URL with a host":        with(func(c *Config) { c.RongCloud.BackupURL = "s3cr3t" }),
		"SWITCHBOARD_LINKV_APP_SECRET is required with SWITCHBOARD_LINKV_APP_ID":           {LinkV: linkv.Config{AppID: "a", AppKey: "k"}},
		"SWITCHBOARD_LINKV_LIVE_APP_SECRET is required with SWITCHBOARD_LINKV_LIVE_APP_ID": {LinkV: linkv.Config{LiveAppID: "a"}},
		"SWITCHBOARD_YOUME_APP_SECRET is required with SWITCHBOARD_YOUME_APP_KEY":          {YouMe: youme.Config{AppKey: "k"}},
	} {
		a, err := Open(Options{Config: c})
		if err == nil {
			a.Close()
		}
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(file, []byte(`{"rongcloud:sg": [{"app_secret": ""}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Options{Config: Config{RongCloud: rong}, File: file})
	if want := "SWITCHBOARD_ACCOUNTS_FILE: account rongcloud:sg: app_secret is required with app_key"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// A field of Config without a row would be read and never used.
func TestEveryConfigHasARow(t *testing.T) {
	fields := reflect.TypeFor[Config]()
	if fields.NumField() != len(All()) {
		t.Fatalf("%d vendors are configured, %d have a row", fields.NumField(), len(All()))
	}
	for i, v := range All() {
		if name := fields.Field(i).Name; !strings.EqualFold(name, v.Name) {
			t.Errorf("%s is configured as %s", v.Name, name)
		}
	}
}

// What is in the file while somebody writes it, or after that went wrong, changes
// nothing, and is told.
func TestAnAccountsFileThatSaysNothingLeavesTheLastGoodState(t *testing.T) {
	env := Config{LinkV: linkv.Config{AppID: "a", AppKey: "k", AppSecret: "s", LiveAppID: "LM6000000000000000000001", LiveAppSecret: "s", BaseURL: "https://linkv.example", LiveBaseURL: "https://linkv.example", CoinDays: 1}}
	file := filepath.Join(t.TempDir(), "accounts.json")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"rongcloud": [{"app_key": "k", "app_secret": "s", "command_data": "object", "base_url": "https://rongcloud.example"}]}`)
	a, err := Open(Options{Config: env, File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, content := range []string{"null", " null\n", "", " ", "[]", `"x"`, "{", "missing"} {
		write(content)
		if content == "missing" {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		want, err := a.read()
		if err == nil {
			t.Errorf("%q is taken for %v", content, want)
		}
		if n := len(a.Router.All()); n != 2 {
			t.Errorf("%q: %d accounts", content, n)
		}
	}
	write(`{"rongcloud": null}`)
	want, err := a.read()
	if err == nil {
		err = a.follow(want, func(account, change string) { t.Errorf("%s: %s", account, change) })
	}
	if err == nil || len(a.Router.All()) != 2 {
		t.Errorf("an account of null keys: %v", err)
	}
}
