package vendorset

import (
	"fmt"
	"strconv"
	"strings"

	mocklinkv "switchboard/mocks/linkv"
	mocklivekit "switchboard/mocks/livekit"
	mockrongcloud "switchboard/mocks/rongcloud"
	mockyoume "switchboard/mocks/youme"
)

const startCoins = 1000 // of a user whom LinkV's mock first sees

// MockOptions say how a mock is to be started.
type MockOptions struct {
	Listen string // empty: a free loopback port
	// Given returns a credential by the name of its setting, "APP_KEY"; what it
	// answers with "" is made up, the same at every start. Nil: all of them.
	Given func(setting string) string
	// Callbacks is where the product takes what vendors call, without the vendor's
	// name: http://127.0.0.1:8081/callbacks. Empty: the mock calls nobody.
	Callbacks string
	// Furnished puts somebody into a room where the product can list rooms.
	Furnished bool
}

// Setting is a setting of the product by its name without prefix: "APP_KEY".
type Setting struct {
	Name  string
	Value any // a string, an int64, a truth value or a []string
}

// String is the value as a variable has it.
func (s Setting) String() string {
	if list, ok := s.Value.([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(s.Value)
}

// Mock is a vendor's mock that serves.
type Mock struct {
	URL      string
	Settings []Setting // that the product needs beside BASE_URL
	Close    func() error
}

func (o MockOptions) given(setting string) string {
	if o.Given == nil {
		return ""
	}
	return o.Given(setting)
}

// credentials lists settings in their order, each with the mock's value.
func credentials(have func(name string) string, names ...[2]string) []Setting {
	var out []Setting
	for _, n := range names {
		out = append(out, Setting{n[0], have(n[1])})
	}
	return out
}

func startRongCloud(o MockOptions) (Mock, error) {
	cfg := mockrongcloud.Config{
		Listen: o.Listen, SpecLater: true,
		Account: mockrongcloud.Account{AppKey: o.given("APP_KEY"), AppSecret: o.given("APP_SECRET")},
	}
	if o.Callbacks != "" {
		cfg.Callbacks = map[string]string{"": o.Callbacks + "/rongcloud"}
	}
	s, err := mockrongcloud.Start(cfg)
	if err != nil {
		return Mock{}, err
	}
	return Mock{URL: s.URL, Close: s.Close, Settings: credentials(s.Default().Credential,
		[2]string{"APP_KEY", "app_key"}, [2]string{"APP_SECRET", "app_secret"})}, nil
}

func startLinkV(o MockOptions) (Mock, error) {
	s, err := mocklinkv.Start(mocklinkv.Config{
		Listen: o.Listen, StartBalance: startCoins, SpecLater: true,
		Account: mocklinkv.Account{
			AppID: o.given("APP_ID"), AppKey: o.given("APP_KEY"), AppSecret: o.given("APP_SECRET"),
			LiveAppID: o.given("LIVE_APP_ID"), LiveAppSecret: o.given("LIVE_APP_SECRET"),
		},
	})
	if err != nil {
		return Mock{}, err
	}
	return Mock{URL: s.URL, Close: s.Close, Settings: credentials(s.Default().Credential,
		[2]string{"APP_ID", "app_id"}, [2]string{"APP_KEY", "app_key"}, [2]string{"APP_SECRET", "app_secret"},
		[2]string{"LIVE_APP_ID", "live_app_id"}, [2]string{"LIVE_APP_SECRET", "live_app_secret"})}, nil
}

func startLiveKit(o MockOptions) (Mock, error) {
	cfg := mocklivekit.Config{
		Listen: o.Listen, SpecLater: true,
		Account: mocklivekit.Account{APIKey: o.given("API_KEY"), APISecret: o.given("API_SECRET")},
	}
	if o.Callbacks != "" {
		cfg.Webhooks = o.Callbacks + "/livekit"
	}
	s, err := mocklivekit.Start(cfg)
	if err != nil {
		return Mock{}, err
	}
	return Mock{URL: s.URL, Close: s.Close, Settings: append(credentials(s.Default().Credential,
		[2]string{"API_KEY", "api_key"}, [2]string{"API_SECRET", "api_secret"}), Setting{"EGRESS", true})}, nil
}

func startYouMe(o MockOptions) (Mock, error) {
	account := mockyoume.Account{AppKey: o.given("APP_KEY"), AppSecret: o.given("APP_SECRET"), Identifier: o.given("IDENTIFIER")}
	if id := o.given("APP_ID"); id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return Mock{}, fmt.Errorf("%s_YOUME_APP_ID: want a whole number", EnvPrefix)
		}
		account.AppID = n
	}
	s, err := mockyoume.Start(mockyoume.Config{Listen: o.Listen, Account: account, SpecLater: true})
	if err != nil {
		return Mock{}, err
	}
	if o.Furnished {
		if err := s.Default().Join("lobby", "1001", mockyoume.Media{Audio: true, AudioBitRate: 64}); err != nil {
			_ = s.Close()
			return Mock{}, err
		}
	}
	have := s.Default().Credential
	id, _ := strconv.ParseInt(have("app_id"), 10, 64) // the mock takes no other
	out := credentials(have, [2]string{"APP_KEY", "app_key"}, [2]string{"APP_SECRET", "app_secret"}, [2]string{"IDENTIFIER", "identifier"})
	return Mock{URL: s.URL, Close: s.Close, Settings: append(out, Setting{"APP_ID", id}, Setting{"AUTH_CODES", mockyoume.AuthCodes()})}, nil
}
