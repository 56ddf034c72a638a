package rongcloud

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// jsonText is an object that travels as JSON text, both ways: profiles and
// permissions of hosted data.
type jsonText map[string]any

// String is "" for an object that was never set.
func (j jsonText) String() string {
	if j == nil {
		return ""
	}
	b, err := json.Marshal(map[string]any(j))
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(b)
}

// bounds say how long the texts, or how high the numbers, of an object's members
// may be.
type bounds map[string]int

var (
	userProfile = bounds{
		"uniqueId": 32, "name": 32, "portraitUri": 128, "email": 128, "birthday": 32, "gender": 2, "location": 32, "role": 100, "level": 100,
	}
	groupProfile = bounds{"introduction": 512, "announcement": 1024, "portraitUrl": 128, "name": 64}
	permissions  = bounds{"joinPerm": 3, "removePerm": 2, "memInvitePerm": 2, "invitePerm": 1, "profilePerm": 2, "memProfilePerm": 2}
)

// merge sets the members that the parameter's JSON text has and leaves the others.
// An empty text changes nothing. INVENTED: merging; members that no page names are
// taken as they are.
func (r request) merge(into jsonText, param string, of bounds) (jsonText, *failure) {
	given, f := r.member(param)
	if f != nil || given == nil {
		return into, f
	}
	for name, v := range given {
		limit, known := of[name]
		switch v := v.(type) {
		case string:
			if known && len([]rune(v)) > limit {
				return into, fail(codeTooLong, "Parameter '"+param+"' has too long a "+name)
			}
		case float64:
			if known && (v < 0 || v > float64(limit)) {
				return into, badParameter(param, "has "+name+" out of range")
			}
		}
	}
	return combined(into, given), nil
}

// mergeOwn is merge for the app's own members: at most pairs of them, keys of 32
// and values of 256. The pages want keys to begin with ext_; a sample of the PHP SDK
// does not.
func (r request) mergeOwn(into jsonText, param string, pairs int) (jsonText, *failure) {
	given, f := r.member(param)
	if f != nil || given == nil {
		return into, f
	}
	for name, v := range given {
		if len(name) > 32 || len([]rune(text(v))) > 256 {
			return into, fail(codeTooLong, "Parameter '"+param+"' has too long a pair")
		}
	}
	all := combined(into, given)
	if len(all) > pairs {
		return into, badParameter(param, "has more than "+strconv.Itoa(pairs)+" pairs")
	}
	return all, nil
}

// member reads the JSON object of a parameter; nil when it was left out.
func (r request) member(param string) (jsonText, *failure) {
	s := r.text(param)
	if s == "" {
		return nil, nil
	}
	var given jsonText
	if json.Unmarshal([]byte(s), &given) != nil || given == nil {
		return nil, badParameter(param, "is not a JSON object")
	}
	return given, nil
}

func combined(old, more jsonText) jsonText {
	all := jsonText{}
	maps.Copy(all, old)
	maps.Copy(all, more)
	return all
}

// profile is what the vendor keeps of a user for the app. Its name is not the one
// of /user/info.
type profile struct {
	own, ext jsonText
	version  int // one more for each change
}

const maxOwnUserPairs = 20

func profileOperations() []operation {
	return hosted(
		managed("/user/profile/set.json", (*App).setProfile),
		managed("/user/profile/batch/query.json", (*App).profilesOf),
		managed("/user/profile/query.json", (*App).allProfiles),
		managed("/user/profile/clean.json", (*App).cleanProfiles),
	)
}

func (a *App) setProfile(r request) (reply, *failure) {
	u := a.user(r.text("userId"))
	own, f := r.merge(u.profile.own, "userProfile", userProfile)
	if f != nil {
		return nil, f
	}
	ext, f := r.mergeOwn(u.profile.ext, "userExtProfile", maxOwnUserPairs)
	if f != nil {
		return nil, f
	}
	u.profile = profile{own, ext, u.profile.version + 1}
	return reply{}, nil
}

func (u *user) profileView() reply {
	return reply{"userId": u.id, "version": u.profile.version, "userProfile": u.profile.own.String(), "userExtProfile": u.profile.ext.String()}
}

func (a *App) profilesOf(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range r.list("userId") {
		if u := a.users[id]; u != nil && u.profile.version > 0 {
			list = append(list, u.profileView())
		}
	}
	return reply{"userList": list}, nil
}

func (a *App) allProfiles(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range a.order {
		if u := a.users[id]; u != nil && u.profile.version > 0 {
			list = append(list, u.profileView())
		}
	}
	if r.number("order", 0) == 1 {
		slices.Reverse(list)
	}
	return reply{"userList": page(list, r.count("page", 1), r.count("size", 20))}, nil
}

func (a *App) cleanProfiles(r request) (reply, *failure) {
	for _, id := range r.list("userId") {
		if u := a.users[id]; u != nil {
			u.profile = profile{}
		}
	}
	return reply{}, nil
}
