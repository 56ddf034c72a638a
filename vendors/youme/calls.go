package youme

import (
	"context"
	"strconv"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// UserState lists the rooms a user is in and what they send there.
func (a *adapter) UserState(ctx context.Context, user string) ([]vendors.UserMedia, error) {
	if err := limits.Check(a.name, vendors.OpRoomUserState, vendors.Size{IDs: []string{user}}); err != nil {
		return nil, err
	}
	var out record
	body := map[string]any{"AppID": a.cfg.AppID, "UserID": user}
	if err := a.up.Do(ctx, a.call(vendors.OpRoomUserState, upstream.Read, "query_talk_user_status", body, "Status"), &out); err != nil {
		return nil, err
	}
	if n, err := out.number("Status"); err == nil && (n == channelAbsent || n == channelIdle) {
		return nil, nil // a number where the document has a list
	}
	list, err := out.list("Status")
	if err != nil {
		return nil, a.unreadable(vendors.OpRoomUserState)
	}
	media := make([]vendors.UserMedia, len(list))
	for i, r := range list {
		media[i] = vendors.UserMedia{
			Room: string(r.text("ChannelID")), Video: r.count("UseVideo") == 1, Audio: r.count("UseAudio") == 1,
			FrameRate: r.count("VideoFrameRate"), VideoBitRate: r.count("VideoBitRate"), AudioBitRate: r.count("AudioBitRate"),
		}
		if media[i].Room == "" {
			return nil, a.unreadable(vendors.OpRoomUserState)
		}
	}
	return media, nil
}

// count is a number that may be missing: then zero.
func (r record) count(key string) int {
	n, err := r.number(key)
	if err != nil {
		return 0
	}
	return int(n)
}

// UserCalls reads one page of a user's stays in rooms on one day.
func (a *adapter) UserCalls(ctx context.Context, q vendors.CallQuery) ([]vendors.CallRecord, error) {
	if err := limits.Check(a.name, vendors.OpRoomUserCalls, vendors.Size{IDs: []string{q.User}, Targets: q.Limit}); err != nil {
		return nil, err
	}
	day, err := queryDate(q.Day)
	if err != nil || q.From < 0 || q.Limit < 1 {
		return nil, vendors.Refuse(a.name, vendors.OpRoomUserCalls, vendors.ErrInvalid, "wanted: a day as YYYY-MM-DD, a start of 0 or more, 1 record or more")
	}
	var out record
	body := map[string]any{"AppID": a.cfg.AppID, "UserID": q.User, "QueryDate": day, "StartSeq": q.From, "Limit": q.Limit}
	if err := a.up.Do(ctx, a.call(vendors.OpRoomUserCalls, upstream.Read, "query_talk_user_call", body, "Call"), &out); err != nil {
		return nil, err
	}
	list, err := out.list("Call")
	if err != nil {
		return nil, a.unreadable(vendors.OpRoomUserCalls)
	}
	calls := make([]vendors.CallRecord, len(list))
	for i, r := range list {
		joined, err := r.number("JoinTime")
		if err != nil {
			return nil, a.unreadable(vendors.OpRoomUserCalls)
		}
		calls[i] = vendors.CallRecord{
			Room: string(r.text("ChannelID")), JoinedAt: time.Unix(joined, 0).UTC(),
			Duration: time.Duration(r.count("CallDuration")) * time.Second,
		}
		if left, err := r.number("LeaveTime"); err == nil && left > 0 {
			calls[i].LeftAt = time.Unix(left, 0).UTC()
		}
	}
	return calls, nil
}

// queryDate is a day as YouMe takes it: the number YYYYMMDD.
func queryDate(day string) (int, error) {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.ReplaceAll(day, "-", ""))
}
