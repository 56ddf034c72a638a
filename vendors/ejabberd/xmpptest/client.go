// Package xmpptest is an XMPP client for tests: as much of RFC 6120 and of multi-user
// chat as it takes to be a real receiver on a real ejabberd. It is of no use in
// service: it speaks without TLS.
package xmpptest

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience is how long a server may take for an answer; it only keeps a broken one
// from holding up a test.
const patience = 60 * time.Second

// Client is one device of a user.
type Client struct {
	JID string // with the resource

	conn   net.Conn
	dec    *xml.Decoder
	closed chan struct{}

	mu       sync.Mutex // guards what follows
	next     int
	waiting  map[string]chan string // answers by the id of what was asked
	messages []string
	ended    string // the stream's error, as the server put it
}

// Dial logs in as local@host and, when it is to receive, sends its first presence.
func Dial(addr, host, local, secret, resource string, receive bool) (*Client, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	c := &Client{conn: conn, closed: make(chan struct{}), waiting: map[string]chan string{}}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := c.logIn(host, local, secret, resource); err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	go c.read()
	if receive {
		if err := c.write("<presence/>"); err != nil {
			return nil, err
		}
		return c, c.Sync()
	}
	return c, nil
}

func (c *Client) write(text string) error {
	_, err := io.WriteString(c.conn, text)
	return err
}

// open begins a stream and reads the server's features.
func (c *Client) open(host string) error {
	c.dec = xml.NewDecoder(c.conn)
	err := c.write("<?xml version='1.0'?><stream:stream to='" + host + "' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
	for err == nil {
		var el xml.StartElement
		if el, err = c.start(); el.Name.Local == "features" {
			return c.dec.Skip()
		}
	}
	return err
}

func (c *Client) start() (xml.StartElement, error) {
	for {
		token, err := c.dec.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if el, ok := token.(xml.StartElement); ok {
			return el, nil
		}
	}
}

func (c *Client) logIn(host, local, secret, resource string) error {
	if err := c.open(host); err != nil {
		return err
	}
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + local + "\x00" + secret))
	if err := c.write("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + plain + "</auth>"); err != nil {
		return err
	}
	el, err := c.start()
	if err != nil {
		return err
	}
	if el.Name.Local != "success" {
		return fmt.Errorf("not let in: %s", c.inner(el))
	}
	if err := c.open(host); err != nil {
		return err
	}
	if err := c.write("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>" + resource + "</resource></bind></iq>"); err != nil {
		return err
	}
	if el, err = c.start(); err != nil {
		return err
	}
	if answer := c.inner(el); attr(el, "type") != "result" {
		return fmt.Errorf("not let in: %s", answer)
	}
	c.JID = local + "@" + host + "/" + resource
	return nil
}

func attr(el xml.StartElement, name string) string {
	for _, a := range el.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// inner reads the rest of an element as it came.
func (c *Client) inner(el xml.StartElement) string {
	var body struct {
		Inner string `xml:",innerxml"`
	}
	if err := c.dec.DecodeElement(&body, &el); err != nil {
		return err.Error()
	}
	return body.Inner
}

// read takes what comes until the stream ends.
func (c *Client) read() {
	defer close(c.closed)
	for {
		el, err := c.start()
		if err != nil {
			return
		}
		text := "<" + el.Name.Local
		for _, name := range []string{"from", "to", "type", "id"} {
			if value := attr(el, name); value != "" {
				text += " " + name + `="` + quoted(value) + `"`
			}
		}
		text += ">" + c.inner(el) + "</" + el.Name.Local + ">"
		c.mu.Lock()
		switch el.Name.Local {
		case "message":
			c.messages = append(c.messages, text)
		case "error":
			c.ended = text
		case "iq":
			c.answer(attr(el, "id"), text)
		case "presence":
			c.answer("presence "+attr(el, "from"), text)
		}
		c.mu.Unlock()
	}
}

// quoted is a value as it stands between quotes.
func quoted(value string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(value))
	return b.String()
}

// answer needs mu held.
func (c *Client) answer(id, text string) {
	if waits, asked := c.waiting[id]; asked {
		delete(c.waiting, id)
		waits <- text
	}
}

// ask sends text and waits for what answers to id.
func (c *Client) ask(id, text string) (string, error) {
	answer := make(chan string, 1)
	c.mu.Lock()
	c.waiting[id] = answer
	c.mu.Unlock()
	if err := c.write(text); err != nil {
		return "", err
	}
	select {
	case got := <-answer:
		return got, nil
	case <-c.closed:
		return "", errors.New("the stream has ended: " + c.Ended())
	case <-time.After(patience):
		return "", errors.New("no answer")
	}
}

// Query sends an IQ to a JID, empty for the server, and returns the answer, an error's
// as well.
func (c *Client) Query(to, typ, body string) (string, error) {
	c.mu.Lock()
	c.next++
	id := "q" + strconv.Itoa(c.next)
	c.mu.Unlock()
	if to != "" {
		to = " to='" + to + "'"
	}
	return c.ask(id, "<iq type='"+typ+"' id='"+id+"'"+to+">"+body+"</iq>")
}

// Sync returns when whatever was sent to this client before has arrived, through each of
// rooms and then from the server: stanzas on one way keep their order.
func (c *Client) Sync(rooms ...string) error {
	for _, to := range append(rooms, "") {
		if _, err := c.Query(to, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"); err != nil {
			return err
		}
	}
	return nil
}

// Join enters a room.
func (c *Client) Join(room, nick string) error {
	got, err := c.ask("presence "+room+"/"+nick, "<presence to='"+room+"/"+nick+"'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>")
	if err == nil && strings.Contains(got, "<error") {
		err = errors.New("not let into the room: " + got)
	}
	return err
}

// Say sends a message as a client does.
func (c *Client) Say(to, typ, text string) error {
	return c.write("<message to='" + to + "' type='" + typ + "'><body>" + text + "</body></message>")
}

// Messages are those that have arrived, in order.
func (c *Client) Messages() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.messages...)
}

// Ended is the error by which the server ended the stream; empty: none did.
func (c *Client) Ended() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// Done is closed when the stream has ended.
func (c *Client) Done() <-chan struct{} { return c.closed }

// Close ends the stream and waits until the server has.
func (c *Client) Close() {
	_ = c.conn.SetDeadline(time.Now().Add(patience))
	if c.write("</stream:stream>") == nil {
		<-c.closed
	}
	_ = c.conn.Close()
}
