package ticket

// State is where a ticket stands (docs/pairing.md#states).
type State uint8

// The states. Held is a searching ticket whose asker holds an offer of another ask.
const (
	Searching  State = iota // no open offer
	Offered                 // at least one open offer in this round
	Connecting              // winner bound, call not seen yet
	Preview                 // call seen, asker has not confirmed
	Liked                   // confirmed, call running, billing
	Ended                   // terminal
	Held
)

var stateNames = [...]string{"searching", "offered", "connecting", "preview", "liked", "ended", "held"}

// LiveStates are all but Ended.
var LiveStates = []State{Searching, Offered, Connecting, Preview, Liked, Held}

// String is the state as it stands in metrics and logs.
func (s State) String() string { return stateNames[s] }

// Status is the state as info shows it: 0 matching, 1 ended, 2 in call.
func (s State) Status() int {
	switch s {
	case Ended:
		return 1
	case Connecting, Preview, Liked:
		return 2
	default:
		return 0
	}
}

// InCall: a winner is bound and the call is ahead or under way.
func (s State) InCall() bool { return s == Connecting || s == Preview || s == Liked }

// Reason labels why a ticket, a round or an offer ended; each removal has exactly one.
type Reason string

// The reasons.
const (
	ReasonCallEnded      Reason = "call_ended"
	ReasonCancelled      Reason = "cancelled"
	ReasonExpired        Reason = "expired"
	ReasonMaxRounds      Reason = "max_rounds"
	ReasonNoCandidate    Reason = "no_candidate"
	ReasonAskerGone      Reason = "asker_gone"
	ReasonBalance        Reason = "balance"
	ReasonVendor         Reason = "vendor"
	ReasonModeration     Reason = "moderation"
	ReasonMerged         Reason = "merged"
	ReasonConfirmTimeout Reason = "confirm_timeout"

	ReasonDislike        Reason = "dislike"
	ReasonCallFailed     Reason = "call_failed"
	ReasonConnectTimeout Reason = "connect_timeout"
	ReasonRoundTimeout   Reason = "round_timeout"
	ReasonPeerGone       Reason = "peer_gone"
	ReasonPeerWithdrew   Reason = "peer_withdrew"
	ReasonNotTaken       Reason = "not_taken"

	ReasonLost          Reason = "lost"
	ReasonTaken         Reason = "taken"
	ReasonCandidateGone Reason = "candidate_gone"
	ReasonAsk           Reason = "ask"
	ReasonPassed        Reason = "passed"
	ReasonRefused       Reason = "refused"
	ReasonTimedOut      Reason = "timed_out"
	ReasonUnsent        Reason = "unsent"
)
