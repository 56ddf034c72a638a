package conversation

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"switchboard/app/periodic"
)

// UserStore keeps users.
type UserStore interface {
	// PutUser makes u or, when the user exists and u.Ext is not nil, sets Ext. It
	// returns the user as it is then.
	PutUser(ctx context.Context, u User) (User, error)
	// UserByID: ErrUnknownUser.
	UserByID(ctx context.Context, app, id string) (User, error)
	// Users lists by id.
	Users(ctx context.Context, app string, offset, limit int) ([]User, int, error)
	// BanUser: ErrUnknownUser.
	BanUser(ctx context.Context, app, id string, banned bool) error
}

// Store keeps conversations. Every method judges and writes in one transaction.
type Store interface {
	UserStore
	MemberStore
	MessageStore
	// Create stores c with these members. With a pair key that another
	// conversation of the app has, it returns that one, both people in it
	// again, and false. A key that was used returns what it returned then, or
	// ErrKeyReused when that was for another draft.
	Create(ctx context.Context, c Conversation, pairKey string, key CreateKey, m Membership) (Conversation, bool, error)
	// Conversation reads one, deleted or not: ErrUnknownConversation.
	Conversation(ctx context.Context, app, id string) (Conversation, error)
	// Find lists those that match, newest first, and counts all. Viewer not
	// empty: only those of which the viewer is a member.
	Find(ctx context.Context, app, viewer string, w Where, offset, limit int) ([]Conversation, int, error)
	// FindFrom is Find from a place on, without the count.
	FindFrom(ctx context.Context, app, viewer string, w Where, from Place, limit int) ([]Conversation, error)
	// Inbox lists a user's conversations by activity from a place on. Open: last
	// messages from before the user joined are shown too.
	Inbox(ctx context.Context, app, user string, open bool, from Place, limit int) ([]Entry, error)
	// SetExt changes those that match and that editor, unless empty, created;
	// it returns how many. At is when.
	SetExt(ctx context.Context, app, editor string, w Where, ext json.RawMessage, at time.Time) (int, error)
	// SetArchived changes all or none: ErrUnknownConversation.
	SetArchived(ctx context.Context, app string, ids []string, archived bool, at time.Time) error
	// Delete closes the conversation, with a Notice when tell is set. By not empty:
	// only its creator may (ErrNotAllowed), ErrUnknownConversation.
	Delete(ctx context.Context, app, id, by string, tell bool, at time.Time) error
}

// Membership is people who enter a conversation.
type Membership struct {
	Users  []string
	Create bool // make users that do not exist; else ErrUnknownUser
	Limit  int  // ErrTooManyMembers above it
	// Joining is who enters by their own wish: ErrNotAllowed when others removed them.
	Joining string
	By      string // who let them in; empty: the app's server
	Tell    bool   // by a Notice
	At      time.Time
}

// Removal is people who go out of a conversation.
type Removal struct {
	Users []string
	Own   bool   // they leave by themselves and may come back so
	By    string // who puts them out; empty: the app's server
	Tell  bool   // by a Notice
	At    time.Time
}

// MemberStore keeps who is in which conversation.
type MemberStore interface {
	// AddMembers returns those who were not members before. ErrUnknownConversation,
	// ErrUnknownUser, ErrBanned, ErrTooManyMembers, ErrNotAllowed; ErrBadType for a
	// third person in a one-to-one conversation: then nobody is added.
	AddMembers(ctx context.Context, app, conversation string, m Membership) ([]string, error)
	// RemoveMembers returns those who were members. ErrUnknownConversation.
	RemoveMembers(ctx context.Context, app, conversation string, r Removal) ([]string, error)
	// Member: ErrUnknownConversation (deleted, too), ErrNotMember.
	Member(ctx context.Context, app, conversation, user string) (Member, error)
	// InList reports whether user is in the member list, which a deleted conversation keeps.
	InList(ctx context.Context, conversation, user string) (bool, error)
	// Members lists by time of joining; limit 0: all.
	Members(ctx context.Context, app, conversation string, offset, limit int) ([]Member, int, error)
	// MarkRead notes that a member has read up to seq; it never goes back.
	MarkRead(ctx context.Context, conversation, user string, seq int64) error
	// Joined lists the ids of a user's conversations, archived ones included.
	Joined(ctx context.Context, app, user string) ([]string, error)
}

// Outgoing is a message on its way through the store.
type Outgoing struct {
	Message
	ClientKey string
	Digest    string    // of the message, where it has a client key
	Relay     bool      // to be put in the outbox
	Original  time.Time // when it was said elsewhere; zero: now
	Repeated  bool      // the client key was known: Message is the first one
	Err       error     // the refusal

	// Set by the store, also of what is refused: the tick that was taken for it, and the
	// one that was taken before, by whomever. So whoever has all messages up to After has
	// them up to Tick with this one.
	After, Tick Tick
	// Before is After of the first message of the same commit.
	Before Tick
	// MemberVersion is the version of the conversation's member list at the commit.
	MemberVersion int64
}

// Stored reports whether the commit put the message into the log.
func (o *Outgoing) Stored() bool { return o.Err == nil && !o.Repeated && !o.Transient }

// MessageStore keeps messages.
type MessageStore interface {
	// Send runs o.Admit in the transaction and stores what it let pass.
	Send(ctx context.Context, o *Outgoing) error
	// Messages reads from a conversation by seq, from through to (0: no bound),
	// at most limit from the old end, or from the new one; always ascending.
	Messages(ctx context.Context, conversation string, from, to int64, limit int, newest bool) ([]Message, error)
	// SeqOf is the seq of the newest stored message whose id is not above id,
	// and whether it is that very message; 0 when all are above:
	// ErrUnknownConversation.
	SeqOf(ctx context.Context, conversation, id string) (seq int64, exact bool, err error)
	// Since reads a user's messages with ids above after, in id order; at most
	// window of each conversation and limit in all are looked at.
	Since(ctx context.Context, app, user, after string, open bool, limit int) ([]Message, error)
	// After reads an app's messages with ids above id, in id order.
	After(ctx context.Context, app, id string, limit int) ([]Logged, error)
	// LastID is the app's newest message id, empty when there is none.
	LastID(ctx context.Context, app string) (string, error)
	// Horizon is the id up to which the app's messages were swept away; empty: none was.
	Horizon(ctx context.Context, app string) (string, error)
	// FirstSeq is the lowest seq above after that is kept of a conversation; 0: none is.
	FirstSeq(ctx context.Context, conversation string, after int64) (int64, error)
	// ForgetKeys drops the keys of messages and of creations that were used before t
	// and returns how many, of the kind that had more; at most limit of each.
	ForgetKeys(ctx context.Context, t time.Time, limit int) (int, error)
}

// Deps is what a Service works with.
type Deps struct {
	Store Store
	// Publish is called after commits, must not block, and may lose what it is
	// given. Nil: nobody is told.
	Publish func(News)
	// Delivered returns when all messages up to the tick are on their way to the sessions of
	// this node, or after a while. Senders wait for those that were committed before theirs,
	// so that they send no faster than that. Nil: they do not wait.
	Delivered func(ctx context.Context, upTo Tick)
	Log       *slog.Logger // of Run; nil: nothing is logged
}

// Service is the domain. It is safe for concurrent use.
type Service struct {
	store     Store
	config    Config
	publish   func(News)
	delivered func(ctx context.Context, upTo Tick)
	log       *slog.Logger
	admitted  admitted
}

// New makes the domain. Its owner calls Run.
func New(cfg Config, deps Deps) *Service {
	if deps.Publish == nil {
		deps.Publish = func(News) {}
	}
	if deps.Delivered == nil {
		deps.Delivered = func(context.Context, Tick) {}
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: deps.Store, config: cfg.withDefaults(), publish: deps.Publish, delivered: deps.Delivered, log: deps.Log.With("component", "conversation")}
}

// Run forgets client keys that need not be kept, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	periodic.Run(ctx, sweepEvery, func(ctx context.Context) {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("old client keys not forgotten", "error", err)
		}
	})
	return nil
}

const (
	sweepEvery = time.Hour
	keyLife    = 48 * time.Hour
)

// Sweep forgets client keys that are older than they have to be kept. It is to
// be called now and then, by any replica.
func (s *Service) Sweep(ctx context.Context) error {
	const some = 1000
	for {
		n, err := s.store.ForgetKeys(ctx, now().Add(-keyLife), some)
		if err != nil || n < some {
			return err
		}
	}
}

// openHistory says whether members of the app see what was said before they joined.
func (s *Service) openHistory(app string) bool {
	return s.config.OpenHistory != nil && s.config.OpenHistory(app)
}

// now is the node's clock as stored: UTC, microseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// EnsureUser makes the user on the first token or login, sets the ext when one
// is given, and returns the user: ErrBadUserID, ErrBanned, ErrBadFormat, ErrTooLarge.
func (s *Service) EnsureUser(ctx context.Context, c Caller, id string, ext json.RawMessage) (User, error) {
	if err := ValidUser(c.Rules, id); err != nil {
		return User{}, err
	}
	ext, err := validJSON("ext", ext, s.config.ExtBytes)
	if err != nil {
		return User{}, err
	}
	u, err := s.store.PutUser(ctx, User{App: c.App, ID: id, Ext: ext, Created: now()})
	if err == nil && u.Banned {
		err = ErrBanned
	}
	return u, err
}

// User reads a user: ErrUnknownUser.
func (s *Service) User(ctx context.Context, c Caller, id string) (User, error) {
	if ValidUser(Open, id) != nil {
		return User{}, ErrUnknownUser
	}
	return s.store.UserByID(ctx, c.App, id)
}

// Users lists the app's users by id.
func (s *Service) Users(ctx context.Context, c Caller, page, size int) (Page[User], error) {
	p := pageOf[User](page, size, 20)
	var err error
	p.Items, p.Total, err = s.store.Users(ctx, c.App, p.offset(), p.Size)
	return p, err
}

// Ban refuses the user from now on and ends their sessions, or lets them in again.
// Only the app's server may: ErrNotAllowed, ErrUnknownUser.
func (s *Service) Ban(ctx context.Context, c Caller, id string, banned bool) error {
	if !c.Server() {
		return ErrNotAllowed
	}
	if ValidUser(Open, id) != nil {
		return ErrUnknownUser
	}
	err := s.store.BanUser(ctx, c.App, id, banned)
	if err == nil && banned {
		s.admitted.forget()
		s.publish(News{App: c.App, Banned: id})
	}
	return err
}

const maxPage = 100

// pageOf brings a page's number and size into range; size 0 means usual.
func pageOf[T any](page, size, usual int) Page[T] {
	if size == 0 {
		size = usual
	}
	return Page[T]{Page: min(max(page, 1), 1_000_000), Size: min(max(size, 1), maxPage)}
}

func (p Page[T]) offset() int { return (p.Page - 1) * p.Size }
