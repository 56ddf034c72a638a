package ticket

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The values of the keys that choose.
const (
	RoundPeer     = "peer"     // a round is one search for a peer
	RoundDispatch = "dispatch" // a round is one offer

	DupReturn  = "return"
	DupReplace = "replace"

	OfferedRefuse = "refuse"
	OfferedReject = "reject"

	CrossOff      = "off"
	CrossFallback = "fallback"
	CrossFirst    = "first"

	NoCandidateWait = "wait"
	NoCandidateEnd  = "end"

	ConfirmEnd     = "end"
	ConfirmDislike = "dislike"
	ConfirmLike    = "like"

	PayerAsker = "asker"
	PayerPeer  = "peer"

	OnErrorDeny  = "deny"
	OnErrorAllow = "allow"

	PoolAuto  = "auto"
	PoolOptin = "optin"
	PoolList  = "list"

	LongestIdle = "longest_idle"
	Random      = "random"
	RoundRobin  = "round_robin"
	Fewest      = "fewest"
	Score       = "score"
)

// Config is what pairing goes by in one app and scene (docs/pairing.md#configuration). The tag is the
// key under "pair."; a bare number under one that ends in _ms is milliseconds. A ticket keeps the configuration that it started with.
type Config struct {
	Enabled   bool   `key:"enabled"`    // false: no new asks and no new offers
	MaxRounds int    `key:"max_rounds"` // searches per ask
	RoundMode string `key:"round_mode"`

	AskTTL         time.Duration `key:"ask_ttl"`
	OfferOverrun   time.Duration `key:"offer_overrun"` // how far an offer may outlast ask_ttl; negative: to its own end
	RoundTimeout   time.Duration `key:"round_timeout"`
	AnswerTimeout  time.Duration `key:"answer_timeout"`
	AnswerGrace    time.Duration `key:"answer_grace"` // for the network, on top of answer_timeout
	SendTimeout    time.Duration `key:"send_timeout"` // per attempt
	SendRetries    int           `key:"send_retries"`
	ConnectTimeout time.Duration `key:"connect_timeout"`
	ConfirmTimeout time.Duration `key:"confirm_timeout"`
	ConfirmAction  string        `key:"confirm_action"`
	CallMax        time.Duration `key:"call_max"`
	CallWatchdog   time.Duration `key:"call_watchdog"` // a billed call that only a client calls ended (D4)

	Fanout      int           `key:"fanout"`
	Progressive time.Duration `key:"progressive_ms"` // 0: all of fanout at once
	Strategy    string        `key:"strategy"`
	TopM        int           `key:"top_m"`
	ScanLimit   int           `key:"scan_limit"`
	Window      time.Duration `key:"window_ms"` // 0: greedy; else asks are collected and assigned together

	RefuseCooldown time.Duration   `key:"refuse_cooldown"`
	RNACooldown    time.Duration   `key:"rna_cooldown"` // after an offer that rang without answer
	WrapUp         time.Duration   `key:"wrap_up"`
	FailCooldown   time.Duration   `key:"fail_cooldown"`
	MaxRNA         int             `key:"max_rna"`
	ExcludeLast    int             `key:"exclude_last"`
	ExcludeTTL     time.Duration   `key:"exclude_ttl"`
	Widen          []time.Duration `key:"widen"` // ages at which a filter is given up

	NoCandidate      string        `key:"no_candidate"`
	NoCandidateAfter time.Duration `key:"no_candidate_after"`
	DupAsk           string        `key:"dup_ask"`
	AskWhileOffered  string        `key:"ask_while_offered"`
	CrossAsk         string        `key:"cross_ask"`

	PoolMode       string        `key:"pool.mode"`
	PoolAskRole    string        `key:"pool.ask_role"`    // empty: any
	PoolAnswerRole string        `key:"pool.answer_role"` // empty: any
	PresenceTTL    time.Duration `key:"presence_ttl"`
	PresenceFresh  time.Duration `key:"presence_fresh"` // older evidence is verified before an offer
	ActivityTTL    time.Duration `key:"activity_ttl"`
	AvailTTL       time.Duration `key:"avail_ttl"`
	AskerGoneGrace time.Duration `key:"asker_gone_grace"`
	PeerGoneGrace  time.Duration `key:"peer_gone_grace"`
	OfferGoneGrace time.Duration `key:"offer_gone_grace"`

	VendorWait time.Duration `key:"vendor_wait"`
	SendRate   float64       `key:"send_rate"`  // vendor messages a second; 0: no budget
	SendBurst  int           `key:"send_burst"` // of those, at once
	MaxLive    int           `key:"max_live"`
	Admission  bool          `key:"admission"` // refuse asks that would wait longer than max_wait
	MaxWait    time.Duration `key:"max_wait"`  // for the first offer; 0: a third of ask_ttl
	AskRate    float64       `key:"ask_rate"`  // new asks a second and user; 0: any number
	AskBurst   int           `key:"ask_burst"`

	Payer          string `key:"payer"`
	MinAsk         int64  `key:"balance.min_ask"`  // coins; 0: the balance is not read
	MinLike        int64  `key:"balance.min_like"` // coins; 0: the balance is not read
	AnswererMin    int64  `key:"balance.answerer_min"`
	BalanceOnError string `key:"balance.on_error"`

	ProfileOnError string `key:"profile.on_error"` // deny: who cannot be known neither asks nor is offered; allow: as if nothing were known of them

	BalanceWatch time.Duration `key:"balance.watch"` // between readings during a liked call; 0: only before the paid time ends
	Price        int64         `key:"price"`         // coins a started minute of a liked call; 0: free

	Free time.Duration `key:"free"` // of a liked call, before the first minute is started

	id string // of this content, where it was worked out before

	PushExtra bool `key:"push.extra"` // false: dispatch is the only command, as in the product API
	Events    bool `key:"events"`     // tell the business server
}

// DefaultConfig is the configuration where nothing was configured.
func DefaultConfig() Config {
	return Config{
		Enabled: true, MaxRounds: 5, RoundMode: RoundPeer,
		AskTTL: time.Minute, OfferOverrun: -1, RoundTimeout: 30 * time.Second,
		AnswerTimeout: 10 * time.Second, AnswerGrace: 500 * time.Millisecond,
		SendTimeout: 2 * time.Second, SendRetries: 1, ConnectTimeout: 15 * time.Second,
		ConfirmTimeout: 30 * time.Second, ConfirmAction: ConfirmEnd, CallMax: 2 * time.Hour, CallWatchdog: 30 * time.Second,
		Fanout: 1, Strategy: LongestIdle, TopM: 3, ScanLimit: 64,
		RefuseCooldown: 5 * time.Second, RNACooldown: 30 * time.Second, WrapUp: 3 * time.Second, MaxRNA: 3,
		ExcludeLast: 20, ExcludeTTL: 30 * time.Minute, Widen: []time.Duration{10 * time.Second, 20 * time.Second},
		NoCandidate: NoCandidateWait, NoCandidateAfter: 20 * time.Second,
		DupAsk: DupReturn, AskWhileOffered: OfferedRefuse, CrossAsk: CrossFallback,
		PoolMode: PoolAuto, PresenceTTL: 2 * time.Minute, PresenceFresh: 20 * time.Second,
		ActivityTTL: 30 * time.Second, AvailTTL: 5 * time.Minute,
		AskerGoneGrace: 10 * time.Second, PeerGoneGrace: 5 * time.Second, OfferGoneGrace: 2 * time.Second,
		VendorWait: 5 * time.Second, SendRate: 100, SendBurst: 100, MaxLive: 100000, Admission: true, AskRate: 1, AskBurst: 10,
		Payer: PayerAsker, BalanceOnError: OnErrorDeny, BalanceWatch: time.Minute, ProfileOnError: OnErrorDeny, PushExtra: true, Events: true,
	}
}

// longestLife bounds a ticket's life (invariant 5): a claim older than that is lost.
func (c *Config) longestLife() time.Duration {
	offer := c.SendTimeout*time.Duration(1+c.SendRetries) + c.AnswerTimeout + c.AnswerGrace
	round := c.RoundTimeout + offer + c.ConnectTimeout + c.ConfirmTimeout
	return 2*c.AskTTL + time.Duration(c.MaxRounds)*round + c.CallMax + c.CallWatchdog + time.Hour
}

// LongestWait is how late a first offer may be. By the workload that pairing was
// measured with, an ask finds its peer in two thirds of its life in 19 of 20 cases.
func (c *Config) LongestWait() time.Duration {
	if c.MaxWait > 0 {
		return c.MaxWait
	}
	return c.AskTTL / 3
}

// ID names the configuration by its content.
func (c *Config) ID() string {
	if c.id != "" {
		return c.id
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers, strings and durations always encode
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Validate refuses a configuration that cannot work.
func (c *Config) Validate() error {
	var errs []error
	must := func(ok bool, key string) {
		if !ok {
			errs = append(errs, fmt.Errorf("pair.%s: out of range", key))
		}
	}
	one := func(v, key string, of ...string) {
		for _, o := range of {
			if v == o {
				return
			}
		}
		errs = append(errs, fmt.Errorf("pair.%s: %q is none of %v", key, v, of))
	}
	must(c.MaxRounds >= 1 && c.MaxRounds <= 1000, "max_rounds")
	must(c.AskTTL > 0, "ask_ttl")
	must(c.RoundTimeout > 0, "round_timeout")
	must(c.AnswerTimeout > 0, "answer_timeout")
	must(c.AnswerGrace >= 0, "answer_grace")
	must(c.SendTimeout > 0, "send_timeout")
	must(c.SendRetries >= 0 && c.SendRetries <= 10, "send_retries")
	must(c.ConnectTimeout > 0, "connect_timeout")
	must(c.ConfirmTimeout > 0, "confirm_timeout")
	must(c.CallMax > 0, "call_max")
	must(c.Fanout >= 1 && c.Fanout <= 100, "fanout")
	must(c.TopM >= 1, "top_m")
	must(c.ScanLimit >= c.TopM, "scan_limit")
	must(c.MaxRNA >= 1, "max_rna")
	must(c.MaxLive >= 1, "max_live")
	must(c.SendRate == 0 || c.SendBurst >= 1, "send_burst")
	must(c.AskRate == 0 || c.AskBurst >= 1, "ask_burst")
	must(c.Price >= 0, "price")
	one(c.RoundMode, "round_mode", RoundPeer, RoundDispatch)
	one(c.ConfirmAction, "confirm_action", ConfirmEnd, ConfirmDislike, ConfirmLike)
	one(c.Strategy, "strategy", LongestIdle, Random, RoundRobin, Fewest, Score)
	one(c.NoCandidate, "no_candidate", NoCandidateWait, NoCandidateEnd)
	one(c.DupAsk, "dup_ask", DupReturn, DupReplace)
	one(c.AskWhileOffered, "ask_while_offered", OfferedRefuse, OfferedReject)
	one(c.CrossAsk, "cross_ask", CrossOff, CrossFallback, CrossFirst)
	one(c.PoolMode, "pool.mode", PoolAuto, PoolOptin, PoolList)
	one(c.Payer, "payer", PayerAsker, PayerPeer)
	one(c.ProfileOnError, "profile.on_error", OnErrorDeny, OnErrorAllow)
	one(c.BalanceOnError, "balance.on_error", OnErrorDeny, OnErrorAllow)
	return errors.Join(errs...)
}
