package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"switchboard/app/conversation/conversationsql"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/retention"
	"switchboard/app/retention/retentionsql"
	"switchboard/vendors"
)

// retention returns what is wrong with the days that apps name, and with days that do not
// fit the rest.
func (c Config) retention() error {
	var errs []error
	short := func(d retention.Days) bool {
		return d[retention.Ledger] > 0 && time.Duration(d[retention.Ledger])*day < c.Ledger.AskAgain
	}
	if short(c.Retention.Days()) {
		errs = append(errs, errors.New("RETENTION_LEDGER: must not be shorter than LEDGER_ASK_AGAIN"))
	}
	for _, app := range c.Apps {
		if err := retention.Days(app.Retention).Check(); err != nil {
			errs = append(errs, fmt.Errorf("APPS: app %s: retention: %w", app.ID, err))
		} else if short(app.Retention) {
			errs = append(errs, fmt.Errorf("APPS: app %s: retention: ledger: must not be shorter than %s_LEDGER_ASK_AGAIN", app.ID, envPrefix))
		}
	}
	return errors.Join(errs...)
}

const day = 24 * time.Hour

// keeps is for how many days an app's data is kept.
func (s *server) keeps(app string) retention.Days {
	a, err := s.apps.App(app)
	process := s.cfg.Retention.Days()
	process[retention.Events] = int((s.cfg.Events.Keep + day - 1) / day) // in whole days, as shown
	if err != nil {                                                      // an app that is gone: as the process has it
		return process
	}
	return retention.DaysOf(process, a.Retention)
}

// keepsEvent is how long an event is remembered whose app says so: the one that it names,
// or that has the vendor's account alone. Zero: as the process has it.
func (s *server) keepsEvent(e vendors.Event) time.Duration {
	app := e.App
	if apps := s.routes.Apps(e.Vendor); app == "" && len(apps) == 1 {
		app = apps[0]
	}
	a, err := s.apps.App(app)
	if err != nil {
		return 0
	}
	return time.Duration(a.Retention[retention.Events]) * day
}

// keepsLedger is how long an app's ended writes are remembered.
func (s *server) keepsLedger(app string) time.Duration {
	return time.Duration(s.keeps(app)[retention.Ledger]) * day
}

// openRetention sweeps away what apps keep for a time only. The ledger and the events see
// to their own.
func (s *server) openRetention(talks *conversationsql.Store) {
	pairs := pairingsql.New(s.db)
	parts := []retention.Part{
		{Name: retention.Messages, Sweep: talks.Sweep, Oldest: talks.Oldest},
		{Name: retention.Uploads, Oldest: s.fileIndex.Oldest, Sweep: func(ctx context.Context, app string, t time.Time, limit int) (int, error) {
			return s.files.Sweep(ctx, s.fileIndex, app, t, limit)
		}},
		{Name: retention.Pairing, Sweep: pairs.Sweep, Oldest: pairs.Oldest},
	}
	s.retention = retention.New(s.cfg.Retention.Every, retention.Deps{
		Lease: retentionsql.New(s.db), Parts: parts, Apps: s.apps.IDs(), Days: s.keeps, Node: s.node, Log: s.log, Swept: s.metrics.swept,
	})
	s.metrics.retention(s.retention)
	s.background("retention", s.retention.Run)
}
