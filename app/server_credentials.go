package main

import (
	"context"
	"encoding/json"

	"switchboard/app/credentials"
	"switchboard/app/users/usersql"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// voidTopic carries what is void of vendors' credentials. Its name and the form of news
// are a contract between versions that run side by side.
const voidTopic = "credentials"

// voidNews is what another replica says; its own news comes back to who published it.
type voidNews struct {
	Node string           `json:"node"`
	News credentials.News `json:"news"`
}

// openCredentials makes what clients' SDKs get.
func (s *server) openCredentials() {
	kept := upstream.NewCache[credentials.Issued](string(vendors.CapTokens), vendors.OpTokenIssue, s.cfg.Credentials.Life, s.cfg.Credentials.Size)
	kept.Life = s.cfg.Credentials.Good
	s.credentials = credentials.New(credentials.Deps{
		Routes: s.routes, Get: kept.Get, Forget: kept.Forget, Wait: s.cfg.Deadline * 8 / 10, Observe: s.metrics.credential, Registered: s.registered,
		Publish: func(n credentials.News) {
			payload, _ := json.Marshal(voidNews{s.node, n}) // of texts
			s.bus.Publish(voidTopic, payload)
		},
	})
}

// registered notes how a vendor shows a user from now on. The user has a credential
// whether or not it can be noted.
func (s *server) registered(ctx context.Context, app, account string, u vendors.User) {
	if err := usersql.New(s.db).Show(ctx, app, account, []vendors.User{u}); err != nil {
		s.log.Warn("profile not noted", "component", "credentials", "account", account, "app", app, "user", u.ID, "error", err)
	}
}

// followCredentials forgets what other replicas say is void, until ctx ends. Where news
// may have been missed, everything is.
func (s *server) followCredentials(ctx context.Context) error {
	news := s.bus.Subscribe(voidTopic)
	defer news.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-news.Stale:
			s.credentials.Apply(credentials.News{})
		case payload := <-news.News:
			var n voidNews
			switch err := json.Unmarshal(payload, &n); {
			case err != nil:
				s.log.Warn("news of void credentials not readable", "component", "credentials", "error", err)
				s.credentials.Apply(credentials.News{})
			case n.Node != s.node:
				s.credentials.Apply(n.News)
			}
		}
	}
}
