// Package buslink joins conversations to the sessions that follow them, on every
// node: what happens is published on the bus, and each node's hub is woken by it.
// The bus may lose news; the log of messages, which the hub reads on its own, and
// the store's bans make up for it.
package buslink

import (
	"encoding/json"
	"math/rand/v2"
	"time"

	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/realtime"
)

// topic carries everything that a session of another node may wait for. Its name
// and the form of news are a contract between versions that run side by side.
const topic = "live"

// news is one thing that happened; one field is set.
type news struct {
	News    *conversation.News `json:"news,omitempty"`
	Opened  *realtime.Opening  `json:"opened,omitempty"`
	Command *command           `json:"command,omitempty"`
	Ended   *realtime.User     `json:"ended,omitempty"`  // whose sessions the app ended
	Device  *realtime.Device   `json:"device,omitempty"` // of whose sessions the app ended those
}

// command is an instruction on its way to a user's sessions, wherever they are.
type command struct {
	To      realtime.User   `json:"to"`
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Data    json.RawMessage `json:"data"`
	At      time.Time       `json:"at"`
	Expires time.Time       `json:"expires"`
}

// Publisher tells every node what happened. It never blocks.
type Publisher struct{ Bus *bus.Bus }

// Conversation publishes a commit's news.
func (p Publisher) Conversation(n conversation.News) { p.publish(news{News: &n}) }

// Opened publishes that a session took its place here.
func (p Publisher) Opened(o realtime.Opening) { p.publish(news{Opened: &o}) }

// Ended ends a user's sessions on every node. Where the news is lost they stay.
func (p Publisher) Ended(u realtime.User) { p.publish(news{Ended: &u}) }

// DeviceEnded is Ended for the sessions of one device.
func (p Publisher) DeviceEnded(d realtime.Device) { p.publish(news{Device: &d}) }

// Command sends an instruction of the product to a user's sessions on every node;
// those that resume get it until ttl is over.
func (p Publisher) Command(to realtime.User, name string, data json.RawMessage, ttl time.Duration) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	tick := conversation.TickAt(now) + conversation.Tick(rand.IntN(1<<12))
	p.publish(news{Command: &command{
		To: to, ID: conversation.MessageID(tick, 0, ""), Name: name, Data: data, At: now, Expires: now.Add(ttl),
	}})
}

func (p Publisher) publish(n news) { p.Bus.Publish(topic, n.payload()) }

func (n news) payload() []byte {
	payload, _ := json.Marshal(n) // of strings, numbers, times and checked JSON
	return payload
}

// Commits tells what this node has committed: its own hub everything, the others how far
// the logs have grown.
type Commits struct {
	Bus *bus.Bus
	Hub *realtime.Hub
}

// Tell is for conversationsql.Store.Sent.
func (c Commits) Tell(sent []*conversation.Outgoing) {
	commits, grown := make([]realtime.Commit, 0, len(sent)), map[string]string{}
	for _, o := range sent {
		commit := realtime.Commit{After: int64(o.After), At: int64(o.Tick)}
		if o.Stored() {
			commit.Message = delivery(o.Message, o.MemberVersion)
			grown[o.App] = o.ID
		}
		commits = append(commits, commit)
	}
	c.Hub.Committed(commits)
	for app, id := range grown {
		c.Bus.PublishToOthers(topic, news{News: &conversation.News{App: app, MessageID: id}}.payload())
	}
}
