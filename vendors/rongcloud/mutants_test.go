package rongcloud_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/singleflight"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// The account of certify.RongCloudMock.
const (
	key    = "key"
	secret = "s3cret-of-key"
)

// signature is the vendor's rule (reference/rongcloud.md 1.1).
func signature(secret, nonce, timestamp string) string {
	sum := sha1.Sum([]byte(secret + nonce + timestamp))
	return hex.EncodeToString(sum[:])
}

// A mutant is the adapter made wrong in one way, and the check of the contract
// that has to notice it.
type mutant struct {
	name   string
	caught string
	vendor func(*vendors.Vendor)
	wire   func(r *http.Request, form url.Values) // spoils requests on their way; form is what is sent on
}

func TestEveryWrongAdapterIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a few seconds")
	}
	all := slices.Concat(messageMutants(), stateMutants(), errorMutants(), wireMutants(), callbackMutants())
	used := map[string]bool{}
	for _, m := range all {
		used[m.caught] = true
	}
	if r := run(t, func(name string) bool { return used[name] }, mutant{}); r.Count(vendortest.Passed) != len(used) {
		t.Fatalf("the right adapter does not pass: %+v", r.Cases)
	}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if r := run(t, func(name string) bool { return name == m.caught }, m); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}

// run certifies the adapter with m's fault in it.
func run(t *testing.T, only func(string) bool, m mutant) vendortest.Report {
	return vendortest.Certify(t.Context(), "rongcloud", "mock", only, func(t vendortest.T) vendortest.Fixture {
		f := certify.RongCloudMock(t)
		open := f.Open
		f.Open = func(baseURL string) (*vendors.Vendor, error) {
			if m.wire != nil {
				baseURL = tamper(t, baseURL, m.wire)
			}
			v, err := open(baseURL)
			if err == nil && m.vendor != nil {
				m.vendor(v)
			}
			return v, err
		}
		return f
	})
}

// tamper is a proxy that spoils requests.
func tamper(t vendortest.T, target string, spoil func(*http.Request, url.Values)) string {
	u, err := url.Parse(target)
	if err != nil {
		t.Fatalf("%v", err)
	}
	srv := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			body, _ := io.ReadAll(r.In.Body)
			form, _ := url.ParseQuery(string(body))
			spoil(r.Out, form)
			if strings.HasPrefix(r.In.Header.Get("Content-Type"), "application/x-www-form") {
				body = []byte(form.Encode())
			}
			r.Out.Body, r.Out.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	t.Cleanup(srv.Close)
	return srv.URL
}

type sendFunc func(context.Context, vendors.Message) (vendors.Receipt, error)

func (f sendFunc) Send(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
	return f(ctx, m)
}

// sends spoils Send.
func sends(wrap func(right sendFunc) sendFunc) func(*vendors.Vendor) {
	return func(v *vendors.Vendor) { v.Messages = wrap(v.Messages.Send) }
}

// rewrites spoils the message before it is sent.
func rewrites(spoil func(*vendors.Message)) func(*vendors.Vendor) {
	return sends(func(right sendFunc) sendFunc {
		return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
			spoil(&m)
			return right(ctx, m)
		}
	})
}

// receipts spoils the receipt of a message that was sent.
func receipts(spoil func(*vendors.Receipt)) func(*vendors.Vendor) {
	return sends(func(right sendFunc) sendFunc {
		return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
			r, err := right(ctx, m)
			spoil(&r)
			return r, err
		}
	})
}

func messageMutants() []mutant {
	content, kinds := "EveryContentKindArrivesAsTheVendorKnowsIt", "EveryTargetKindArrivesThere"
	many := "EveryTargetOfASendGetsItOnceAndHasItsReceipt"
	return []mutant{
		{name: "wrong message type", caught: content, vendor: rewrites(func(m *vendors.Message) {
			if m.Content.Kind == vendors.Tip {
				m.Content.Kind = vendors.Text
			}
		})},
		{name: "drops extra", caught: content, vendor: rewrites(func(m *vendors.Message) { m.Content.Extra = "" })},
		{name: "strips characters outside ASCII", caught: content, vendor: rewrites(func(m *vendors.Message) {
			m.Content.Text = strings.Map(func(r rune) rune {
				if r > 127 {
					return -1
				}
				return r
			}, m.Content.Text)
		})},
		{name: "command without its data", caught: content, vendor: rewrites(func(m *vendors.Message) {
			if m.Content.Kind == vendors.Command {
				m.Content.Data = nil
			}
		})},
		{name: "swapped from and to", caught: kinds, vendor: sends(func(right sendFunc) sendFunc {
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				if m.Kind == vendors.ToUsers && len(m.To) == 1 {
					m.From, m.To = m.To[0], []string{m.From}
				}
				return right(ctx, m)
			}
		})},
		{name: "system message sent as private", caught: kinds, vendor: rewrites(func(m *vendors.Message) {
			if m.Kind == vendors.ToSystem {
				m.Kind = vendors.ToUsers
			}
		})},
		{name: "only the first target", caught: many, vendor: rewrites(func(m *vendors.Message) { m.To = m.To[:min(1, len(m.To))] })},
		{name: "sends twice", caught: many, vendor: sends(func(right sendFunc) sendFunc {
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				_, _ = right(ctx, m)
				return right(ctx, m)
			}
		})},
		{name: "receipt in another order", caught: many, vendor: receipts(func(r *vendors.Receipt) { slices.Reverse(r.Targets) })},
		{name: "loses a target's failure", caught: "TargetThatFailedIsToldInTheReceiptAndTheOthersAreNot", vendor: receipts(func(r *vendors.Receipt) {
			for i := range r.Targets {
				r.Targets[i].Err = nil
			}
		})},
		{name: "unknown kind of target becomes a user", caught: "TargetKindThatTheVendorCannotReachIsRefusedBeforeTheCall", vendor: rewrites(func(m *vendors.Message) {
			if m.Kind == "planet" {
				m.Kind = vendors.ToUsers
			}
		})},
		{name: "unknown kind of content becomes a text", caught: "ContentThatTheVendorHasNoFormForIsRefusedBeforeTheCall", vendor: rewrites(func(m *vendors.Message) {
			if m.Content.Kind == "hologram" {
				m.Content.Kind = vendors.Text
			}
		})},
		{name: "cuts what is over the limit", caught: "CallOverALimitIsRefusedBeforeItLeavesAndOneAtTheLimitIsNot", vendor: rewrites(func(m *vendors.Message) {
			m.To = m.To[:min(len(m.To), 3)]
		})},
		{name: "mixes parallel callers", caught: "ParallelCallersDoNotMixTheirMessages", vendor: sends(func(right sendFunc) sendFunc {
			var flight singleflight.Group
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				r, err, _ := flight.Do("send", func() (any, error) { return right(ctx, m) })
				return r.(vendors.Receipt), err
			}
		})},
	}
}

// wrong is the right adapter with single methods overridden by what follows.
type wrong struct{ *vendors.Vendor }

type (
	otherToken   struct{ wrong }
	deafPresence struct{ wrong }
	blindWords   struct{ wrong }
	shortText    struct{ wrong }
	swappedList  struct{ wrong }
	stuckUnblock struct{ wrong }
	emptyGroup   struct{ wrong }
	softKick     struct{ wrong }
	stuckBan     struct{ wrong }
	fullRoom     struct{ wrong }
	sameWords    struct{ wrong }
)

func (s sameWords) SendTemplate(ctx context.Context, t vendors.Template) (vendors.Receipt, error) {
	for i := range t.To {
		t.To[i].Values = t.To[0].Values
	}
	return s.Vendor.Templates.SendTemplate(ctx, t)
}

func (o otherToken) Issue(ctx context.Context, u vendors.User) (vendors.Credential, error) {
	u.ID = "bob"
	return o.Vendor.Tokens.Issue(ctx, u)
}

func (deafPresence) Online(context.Context, string) (bool, error) { return true, nil }

func (b blindWords) ListWords(ctx context.Context) ([]vendors.Word, error) {
	words, err := b.Vendor.Words.ListWords(ctx)
	for i := range words {
		words[i].Replace = ""
	}
	return words, err
}

func (s shortText) Translate(ctx context.Context, t vendors.Translation) (string, error) {
	t.Text = t.Text[:len(t.Text)/2]
	return s.Vendor.Translator.Translate(ctx, t)
}

func (s swappedList) AddToBlacklist(ctx context.Context, user string, blocked []string) error {
	return s.Vendor.Blacklist.AddToBlacklist(ctx, blocked[0], []string{user})
}

func (s swappedList) RemoveFromBlacklist(ctx context.Context, user string, blocked []string) error {
	return s.Vendor.Blacklist.RemoveFromBlacklist(ctx, blocked[0], []string{user})
}

func (s stuckUnblock) Block(ctx context.Context, users []string, d time.Duration) error {
	return s.Vendor.Users.Block(ctx, users, d)
}

func (stuckUnblock) Unblock(context.Context, []string) error { return nil }

func (e emptyGroup) CreateGroup(ctx context.Context, g vendors.Group) error {
	g.Members = nil
	return e.Vendor.Groups.CreateGroup(ctx, g)
}

func (e emptyGroup) ChangeGroup(ctx context.Context, id string, add, remove []string) error {
	return e.Vendor.Groups.ChangeGroup(ctx, id, add, remove)
}

func (e emptyGroup) DismissGroup(ctx context.Context, id, by string) error {
	return e.Vendor.Groups.DismissGroup(ctx, id, by)
}

func (s softKick) KickUser(ctx context.Context, k vendors.Kick) error {
	k.For = 0
	return s.Vendor.Rooms.Kick.KickUser(ctx, k)
}

func (s stuckBan) BanUsers(ctx context.Context, room string, users []string, d time.Duration) error {
	return s.Vendor.Rooms.Ban.BanUsers(ctx, room, users, d)
}
func (stuckBan) UnbanUsers(context.Context, string, []string) error { return nil }
func (stuckBan) DissolveRoom(context.Context, string) error         { return nil }

func (f fullRoom) RoomStatus(_ context.Context, room string) (vendors.RoomStatus, error) {
	return vendors.RoomStatus{ID: room, State: vendors.RoomActive, Users: 2}, nil
}

func (f fullRoom) RoomUsers(ctx context.Context, room string) ([]string, error) {
	return f.Vendor.Rooms.Query.RoomUsers(ctx, room)
}

// right keeps the right capabilities aside for a wrong one to call.
func right(v *vendors.Vendor) wrong {
	c := *v
	return wrong{&c}
}

func stateMutants() []mutant {
	return []mutant{
		{name: "loses a capability", caught: "CapabilitiesAreAsDeclared", vendor: func(v *vendors.Vendor) { v.Recaller = nil }},
		{name: "understates a limit", caught: "LimitsAreAsDocumented", vendor: func(v *vendors.Vendor) {
			own := vendors.Limits{}
			for op, l := range v.Limits {
				own[op] = l
			}
			own[vendors.OpTranslate] = vendors.Limit{Runes: 10000}
			v.Limits = own
		}},
		{name: "token of somebody else", caught: "IssuedTokenIsTheUsersAtTheFarEnd", vendor: func(v *vendors.Vendor) { v.Tokens = otherToken{right(v)} }},
		{name: "all read the first one's words", caught: "TemplateReachesEachTargetInItsOwnWords", vendor: func(v *vendors.Vendor) { v.Templates = sameWords{right(v)} }},
		{name: "everybody is online", caught: "PresenceFollowsTheFarEnd", vendor: func(v *vendors.Vendor) { v.Presence = deafPresence{right(v)} }},
		{name: "loses replacements", caught: "WordListIsTheFarEndsWithItsReplacements", vendor: func(v *vendors.Vendor) { v.Words = blindWords{right(v)} }},
		{name: "translates half the text", caught: "TranslationIsTheFarEndsOfTheWholeText", vendor: func(v *vendors.Vendor) { v.Translator = shortText{right(v)} }},
		{name: "swaps owner and blacklisted", caught: "BlacklistIsTheOwnersAndNotTheOthers", vendor: func(v *vendors.Vendor) { v.Blacklist = swappedList{right(v)} }},
		{name: "unblock does nothing", caught: "BlockedUserIsBlockedAndUnblockedAgain", vendor: func(v *vendors.Vendor) { v.Users = stuckUnblock{right(v)} }},
		{name: "group without its members", caught: "CreatedGroupHasItsCreatorAndMembers", vendor: func(v *vendors.Vendor) { v.Groups = emptyGroup{right(v)} }},
		{name: "kick forgets for how long", caught: "KickForAWhileKeepsHimOut", vendor: func(v *vendors.Vendor) { v.Rooms.Kick = softKick{right(v)} }},
		{name: "unban does nothing", caught: "BannedUserIsOutUntilUnbanned", vendor: func(v *vendors.Vendor) { v.Rooms.Ban = stuckBan{right(v)} }},
		{name: "dissolve does nothing", caught: "DissolvedRoomIsEmpty", vendor: func(v *vendors.Vendor) { v.Rooms.Ban = stuckBan{right(v)} }},
		{name: "absent room is active", caught: "RoomThatIsNotThereIsAbsentAndHasNoUsers", vendor: func(v *vendors.Vendor) { v.Rooms.Query = fullRoom{right(v)} }},
	}
}

// fails spoils the error of Send.
func fails(spoil func(*vendors.Error) error) func(*vendors.Vendor) {
	return sends(func(right sendFunc) sendFunc {
		return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
			r, err := right(ctx, m)
			var e *vendors.Error
			if errors.As(err, &e) {
				copied := *e
				err = spoil(&copied)
			}
			return r, err
		}
	})
}

// outcome turns one outcome into another.
func outcome(from, to vendors.Outcome) func(*vendors.Vendor) {
	return fails(func(e *vendors.Error) error {
		if e.Outcome == from {
			e.Outcome = to
		}
		return e
	})
}

func errorMutants() []mutant {
	spoiled, codes, hidden := "SpoiledExchangeHasItsOutcome", "VendorCodeHasItsOutcomeAndIsKeptRaw", "NoErrorHoldsASecretOrAnAddress"
	return []mutant{
		{name: "retried write", caught: "WriteIsNeverRepeatedByItself", vendor: sends(func(right sendFunc) sendFunc {
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				r, err := right(ctx, m)
				if vendors.OutcomeOf(err) == vendors.Ambiguous {
					return right(ctx, m)
				}
				return r, err
			}
		})},
		{name: "secret in an error", caught: hidden, vendor: fails(func(e *vendors.Error) error {
			e.Text = "signed with " + secret
			return e
		})},
		{name: "secret in a cause", caught: hidden, vendor: fails(func(e *vendors.Error) error {
			e.Err = fmt.Errorf("sha1(%s...)", secret)
			return e
		})},
		{name: "leaks the URL", caught: hidden, vendor: fails(func(e *vendors.Error) error {
			e.Err = &url.Error{Op: "Post", URL: "https://api.rong-api.com/message/private/publish.json", Err: io.EOF}
			return e
		})},
		{name: "error of another type", caught: spoiled, vendor: fails(func(e *vendors.Error) error { return errors.New(e.Error()) })},
		{name: "error names no operation", caught: spoiled, vendor: fails(func(e *vendors.Error) error { e.Op = ""; return e })},
		{name: "lost vendor code", caught: codes, vendor: func(v *vendors.Vendor) {
			r := right(v)
			v.Presence = codeless{r}
		}},
		{name: "garbage is ok", caught: spoiled, vendor: fails(func(e *vendors.Error) error {
			if errors.Is(e, vendors.ErrUnreadable) {
				return nil
			}
			return e
		})},
		{name: "5xx with a good body is ok", caught: "GoodBodyUnderABadStatusIsNotASuccess", vendor: fails(func(e *vendors.Error) error {
			if e.Status/100 == 5 && e.Code == "" {
				return nil
			}
			return e
		})},
		{name: "doubt told as not sent", caught: spoiled, vendor: outcome(vendors.Ambiguous, vendors.NotSent)},
		{name: "not sent told as doubt", caught: "UnreachableFarEndIsNotSent", vendor: outcome(vendors.NotSent, vendors.Ambiguous)},
		{name: "throttling told as a refusal", caught: spoiled, vendor: outcome(vendors.Throttled, vendors.DefiniteNo)},
		{name: "caller who left told as doubt", caught: "CallerWhoLeavesGetsCancelled", vendor: outcome(vendors.Cancelled, vendors.Ambiguous)},
		{name: "ignores the context", caught: "SilentFarEndIsAmbiguousAtTheDeadline", vendor: ignoring},
		{name: "ignores that the caller left", caught: "CallerWhoLeavesGetsCancelled", vendor: ignoring},
		{name: "sends for a caller who has left", caught: "CallerWhoHasLeftSendsNothing", vendor: ignoring},
	}
}

var ignoring = sends(func(right sendFunc) sendFunc {
	return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
		return right(context.WithoutCancel(ctx), m)
	}
})

type codeless struct{ wrong }

func (c codeless) Online(ctx context.Context, user string) (bool, error) {
	ok, err := c.Vendor.Presence.Online(ctx, user)
	var e *vendors.Error
	if errors.As(err, &e) {
		copied := *e
		copied.Code = ""
		return ok, &copied
	}
	return ok, err
}

func wireMutants() []mutant {
	sign := func(h http.Header, nonce, timestamp string) {
		h.Set("Nonce", nonce)
		h.Set("Timestamp", timestamp)
		h.Set("Signature", signature(secret, nonce, timestamp))
	}
	online := "PresenceFollowsTheFarEnd"
	return []mutant{
		{name: "signs nonce before secret", caught: online, wire: func(r *http.Request, _ url.Values) {
			r.Header.Set("Signature", signature("", r.Header.Get("Nonce")+secret, r.Header.Get("Timestamp")))
		}},
		{name: "signs in upper case", caught: online, wire: func(r *http.Request, _ url.Values) {
			r.Header.Set("Signature", strings.ToUpper(r.Header.Get("Signature")))
		}},
		{name: "timestamp of an hour ago", caught: online, wire: func(r *http.Request, _ url.Values) {
			sign(r.Header, r.Header.Get("Nonce"), fmt.Sprint(time.Now().Add(-time.Hour).UnixMilli()))
		}},
		{name: "stale nonce", caught: "CredentialsAreFreshForEveryRequest", wire: func(r *http.Request, _ url.Values) {
			sign(r.Header, "once-and-for-all", r.Header.Get("Timestamp"))
		}},
		{name: "idempotency key goes out", caught: "NoRequestHoldsASecretOrAKeyThatMakesItReplayed", wire: func(r *http.Request, _ url.Values) {
			r.Header.Set("Idempotency-Key", "1")
		}},
		{name: "secret on the wire", caught: "NoRequestHoldsASecretOrAKeyThatMakesItReplayed", wire: func(_ *http.Request, form url.Values) {
			form.Set("appSecret", secret)
		}},
		{name: "object name of another type", caught: "EveryContentKindArrivesAsTheVendorKnowsIt", wire: func(_ *http.Request, form url.Values) {
			if form.Get("objectName") == "RC:InfoNtf" {
				form.Set("objectName", "RC:TxtMsg")
			}
		}},
		{name: "block in seconds for minutes", caught: "BlockedUserIsBlockedAndUnblockedAgain", wire: func(_ *http.Request, form url.Values) {
			if form.Has("minute") {
				form.Set("minute", "216000")
			}
		}},
	}
}

type parseFunc func(*http.Request, []byte) ([]vendors.Event, error)

type wrongCallbacks struct {
	vendors.Callbacks
	parse parseFunc
}

func (w wrongCallbacks) Parse(r *http.Request, body []byte) ([]vendors.Event, error) {
	return w.parse(r, body)
}

// genuine is a request whose signature holds.
func genuine() *http.Request {
	timestamp := fmt.Sprint(time.Now().UnixMilli())
	q := url.Values{"nonce": {"1"}, "timestamp": {timestamp}, "signature": {signature(secret, "1", timestamp)}}
	return httptest.NewRequest(http.MethodPost, "/?"+q.Encode(), nil)
}

// parses spoils Parse.
func parses(wrap func(right parseFunc) parseFunc) func(*vendors.Vendor) {
	return func(v *vendors.Vendor) { v.Callbacks = wrongCallbacks{v.Callbacks, wrap(v.Callbacks.Parse)} }
}

func callbackMutants() []mutant {
	events := func(spoil func(*vendors.Event)) func(*vendors.Vendor) {
		return parses(func(right parseFunc) parseFunc {
			return func(r *http.Request, body []byte) ([]vendors.Event, error) {
				out, err := right(r, body)
				for i := range out {
					spoil(&out[i])
				}
				return out, err
			}
		})
	}
	deliveries := 0
	return []mutant{
		{name: "believes any signature", caught: "CallbackSignedWithAnotherSecretIsAnAuthFault", vendor: parses(func(right parseFunc) parseFunc {
			return func(_ *http.Request, body []byte) ([]vendors.Event, error) {
				return right(genuine(), body)
			}
		})},
		{name: "believes no signature", caught: "UnsignedCallbackIsAnAuthFault", vendor: parses(func(right parseFunc) parseFunc {
			return func(r *http.Request, body []byte) ([]vendors.Event, error) {
				if r.URL.RawQuery == "" {
					r = genuine()
				}
				return right(r, body)
			}
		})},
		{name: "event id of its own each time", caught: "RedeliveredCallbackKeepsItsEventIDsAndNoOtherHasThem", vendor: events(func(e *vendors.Event) {
			deliveries++
			e.ID = fmt.Sprint(deliveries)
		})},
		{name: "one event id for all", caught: "RedeliveredCallbackKeepsItsEventIDsAndNoOtherHasThem", vendor: events(func(e *vendors.Event) { e.ID = "id" })},
		{name: "online and offline swapped", caught: "CallbackBecomesItsEvents", vendor: events(func(e *vendors.Event) {
			if e.Action == "online" {
				e.Action = "offline"
			}
		})},
		{name: "nonsense is no event and no error", caught: "SignedNonsenseIsADefiniteNo", vendor: parses(func(right parseFunc) parseFunc {
			return func(r *http.Request, body []byte) ([]vendors.Event, error) {
				out, err := right(r, body)
				if vendors.OutcomeOf(err) == vendors.DefiniteNo {
					return nil, nil
				}
				return out, err
			}
		})},
		{name: "pre-send check answered like the rest", caught: "CallbackIsAnsweredInTheVendorsForm", vendor: events(func(e *vendors.Event) {
			e.Kind = vendors.EventMessage
		})},
	}
}
