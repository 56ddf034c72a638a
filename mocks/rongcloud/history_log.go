package rongcloud

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// The message log: one zip for each hour, with all conversations of the app. The
// link in the answer leads to the mock itself and needs no signature, as at the
// vendor. INVENTED: the form of its lines.
const logPath = "/message-log/" // + namespace/date/secret.zip

// logHour reads yyyyMMddHH, Beijing time.
func logHour(date string) (time.Time, bool) {
	at, err := time.ParseInLocation("2006010215", date, china)
	return at, err == nil && len(date) == 10
}

// messageLog answers the link to an hour's file: "" while the hour runs, when it
// had no messages, after three days, and once it was deleted.
func (a *App) messageLog(r request) (reply, *failure) {
	hour, ok := logHour(r.text("date"))
	if !ok {
		return nil, badParameter("date", "is not yyyyMMddHH")
	}
	url := ""
	if len(a.logged(hour, r.Now)) > 0 {
		secret := a.logs[r.text("date")]
		if secret == "" {
			secret = a.Random.Hex(32)
			a.logs[r.text("date")] = secret
		}
		url = "http://" + r.Request.Host + logPath + a.Name + "/" + r.text("date") + "/" + secret + ".zip"
	}
	return reply{"url": url, "date": r.text("date")}, nil
}

// deleteMessageLog deletes the file and none of the messages.
func (a *App) deleteMessageLog(r request) (reply, *failure) {
	if _, ok := logHour(r.text("date")); !ok {
		return nil, badParameter("date", "is not yyyyMMddHH")
	}
	a.logs[r.text("date")] = logDeleted
	return reply{}, nil
}

const logDeleted = "deleted" // in the place of a file's secret

// logged is the messages of an hour that is over, for as long as its file is kept.
func (a *App) logged(hour, now time.Time) []*message {
	end := hour.Add(time.Hour)
	if now.Before(end) || now.Sub(end) > logLife || a.logs[hour.In(china).Format("2006010215")] == logDeleted {
		return nil
	}
	var list []*message
	for _, uid := range a.uids {
		if m := a.messages[uid]; m != nil && !m.at.Before(hour) && m.at.Before(end) {
			list = append(list, m)
		}
	}
	return list
}

// ServeHTTP serves RongCloud, and the files of its message log.
func (m *Mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, logPath); ok {
		m.serveLog(w, r, strings.Split(rest, "/"))
		return
	}
	m.Engine.ServeHTTP(w, r)
}

// serveLog serves one file; parts are namespace, date and secret.zip.
func (m *Mock) serveLog(w http.ResponseWriter, r *http.Request, parts []string) {
	var body []byte
	if len(parts) == 3 {
		if a, ok := m.State(parts[0]); ok {
			a.Do(func() { body = a.logFile(parts[1], strings.TrimSuffix(parts[2], ".zip")) })
		}
	}
	if body == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(body) // a client that left is no news
}

// logFile is the zip of an hour; nil without one or with another secret.
func (a *App) logFile(date, secret string) []byte {
	hour, ok := logHour(date)
	list := a.logged(hour, a.Clock.Now())
	if !ok || len(list) == 0 || secret != a.logs[date] {
		return nil
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	file, err := archive.Create(date + ".txt")
	lines := json.NewEncoder(file)
	for _, one := range list {
		if err == nil {
			err = lines.Encode(reply{
				"appId": a.Credential(keyName), "fromUserId": one.from, "targetId": one.target, "targetType": conversationTypes[one.kind],
				"classname": one.objectName, "content": one.content, "dateTime": clock(one.at), "msgUID": one.uid, "source": one.source(),
			})
		}
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		panic(err) // into memory, from texts: cannot fail
	}
	return out.Bytes()
}
