package rongcloud

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// ultraGroup is a very large group with channels inside. It has no owner and no
// roles (docs/vendors/rongcloud-paths.md#ultra-groups).
type ultraGroup struct {
	id, name string
	created  time.Time
	members  []string
	channels []*channel        // RCDefault first
	rules    map[string]*scope // by channel; "" for the whole group
	circles  []*circle         // user groups
}

// channel is one channel of an ultra group.
type channel struct {
	id      string
	private bool // only for those on its list, and for the user groups bound to it
	created time.Time
	users   []string
	bound   []string // ids of user groups
}

// defaultChannel is there from the beginning and stays public.
const defaultChannel = "RCDefault"

const maxUltraGroups = 100 // of a user

var channelID = regexp.MustCompile(`^[A-Za-z0-9]{1,20}$`)

func ultraOperations() []operation {
	u := func(path string, serve handler) operation { return managed("/ultragroup/"+path+".json", serve) }
	return []operation{
		u("create", (*App).createUltra),
		u("dis", (*App).dismissUltra),
		u("join", withUltra(joinUltra)),
		u("quit", withUltra(quitUltra)),
		u("refresh", withUltra(refreshUltra)),
		u("member/exist", withUltra(inUltra)),
		u("channel/create", withUltra(createChannel)),
		u("channel/del", withUltra(deleteChannel)),
		u("channel/type/change", withChannel(changeChannel)),
		u("channel/get", withUltra(channelList)),
		u("channel/private/users/add", withChannel(addToChannel)),
		u("channel/private/users/del", withUltra(removeFromChannel)),
		u("channel/private/users/get", withChannel(channelUsers)),
	}
}

type ultraHandler func(*App, *ultraGroup, request) (reply, *failure)

// withUltra is a handler for an ultra group. INVENTED: 1002 when it is not there.
func withUltra(f ultraHandler) handler {
	return func(a *App, r request) (reply, *failure) {
		g := a.ultras[r.text("groupId")]
		if g == nil {
			return nil, badParameter("groupId", "is no ultra group")
		}
		return f(a, g, r)
	}
}

// withChannel is a handler for a channel. INVENTED: 1002 when it is not there.
func withChannel(f func(*ultraGroup, *channel, request) (reply, *failure)) handler {
	return withUltra(func(_ *App, g *ultraGroup, r request) (reply, *failure) {
		c := g.channel(r.text("busChannel"))
		if c == nil {
			return nil, badParameter("busChannel", "is no channel of the group")
		}
		return f(g, c, r)
	})
}

// channel finds a channel; none named is the default one.
func (g *ultraGroup) channel(id string) *channel {
	if id == "" {
		id = defaultChannel
	}
	if i := slices.IndexFunc(g.channels, func(c *channel) bool { return c.id == id }); i >= 0 {
		return g.channels[i]
	}
	return nil
}

// createUltra makes a group with its creator in it. INVENTED: again is no change.
func (a *App) createUltra(r request) (reply, *failure) {
	id := r.text("groupId")
	if f := a.checkID("groupId", id); f != nil {
		return nil, f
	}
	if a.ultras[id] == nil {
		if len(a.ultrasOf(r.text("userId"))) >= maxUltraGroups {
			return nil, badParameter("userId", "is in 100 ultra groups")
		}
		a.ultras[id] = &ultraGroup{
			id: id, name: r.text("groupName"), created: r.Now, members: []string{r.text("userId")},
			channels: []*channel{{id: defaultChannel, created: r.Now}}, rules: map[string]*scope{},
		}
	}
	return reply{}, nil
}

// ultrasOf is the groups that a user is in, oldest first.
func (a *App) ultrasOf(user string) []*ultraGroup {
	var list []*ultraGroup
	for _, id := range slices.Sorted(maps.Keys(a.ultras)) {
		if g := a.ultras[id]; slices.Contains(g.members, user) {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(x, y *ultraGroup) int { return x.created.Compare(y.created) })
	return list
}

func (a *App) dismissUltra(r request) (reply, *failure) {
	delete(a.ultras, r.text("groupId"))
	return reply{}, nil
}

func joinUltra(a *App, g *ultraGroup, r request) (reply, *failure) {
	if len(a.ultrasOf(r.text("userId"))) >= maxUltraGroups {
		return nil, badParameter("userId", "is in 100 ultra groups")
	}
	g.members = with(g.members, r.text("userId"))
	return reply{}, nil
}

// quitUltra also takes the user off the lists of channels and user groups.
func quitUltra(_ *App, g *ultraGroup, r request) (reply, *failure) {
	user := r.text("userId")
	g.members = without(g.members, user)
	for _, c := range g.channels {
		c.users = without(c.users, user)
	}
	for _, c := range g.circles {
		c.members = without(c.members, user)
	}
	return reply{}, nil
}

func refreshUltra(_ *App, g *ultraGroup, r request) (reply, *failure) {
	g.name = r.text("groupName")
	return reply{}, nil
}

func inUltra(_ *App, g *ultraGroup, r request) (reply, *failure) {
	return reply{"status": slices.Contains(g.members, r.text("userId"))}, nil
}

// createChannel. INVENTED: one that is there stays as it is.
func createChannel(_ *App, g *ultraGroup, r request) (reply, *failure) {
	id := r.text("busChannel")
	switch {
	case !channelID.MatchString(id):
		return nil, badParameter("busChannel", "is not 1 to 20 letters and digits")
	case g.channel(id) == nil:
		g.channels = append(g.channels, &channel{id: id, private: r.yes("type"), created: r.Now})
	}
	return reply{}, nil
}

// deleteChannel. INVENTED: the default one cannot go, and one that is not there is
// no error.
func deleteChannel(_ *App, g *ultraGroup, r request) (reply, *failure) {
	if r.text("busChannel") == defaultChannel {
		return nil, badParameter("busChannel", "is the default channel")
	}
	g.channels = slices.DeleteFunc(g.channels, func(c *channel) bool { return c.id == r.text("busChannel") })
	delete(g.rules, r.text("busChannel"))
	return reply{}, nil
}

func changeChannel(_ *ultraGroup, c *channel, r request) (reply, *failure) {
	if c.id == defaultChannel && r.yes("type") {
		return nil, badParameter("type", "of the default channel is public")
	}
	c.private = r.yes("type")
	return reply{}, nil
}

// channelList: the length of a page is limit or, in the Java SDK, size.
func channelList(_ *App, g *ultraGroup, r request) (reply, *failure) {
	list := []reply{}
	for _, c := range page(g.channels, r.count("page", 1), r.count("limit", r.count("size", 20))) {
		kind := 0
		if c.private {
			kind = 1
		}
		list = append(list, reply{"channelId": c.id, "type": kind, "createTime": strconv.FormatInt(c.created.UnixMilli(), 10)})
	}
	return reply{"channelList": list}, nil
}

// strangers is a refusal of a call that names somebody outside the group.
func (g *ultraGroup) strangers(users []string) *failure {
	for _, id := range users {
		if !slices.Contains(g.members, id) {
			return fail(codeNotInUltra, "The user is not in the ultra group")
		}
	}
	return nil
}

func addToChannel(g *ultraGroup, c *channel, r request) (reply, *failure) {
	if f := g.strangers(r.list("userIds")); f != nil {
		return nil, f
	}
	c.users = with(c.users, r.list("userIds")...)
	return reply{}, nil
}

// removeFromChannel: without a channel, which the Java SDK may leave out, from all.
func removeFromChannel(_ *App, g *ultraGroup, r request) (reply, *failure) {
	if f := g.strangers(r.list("userIds")); f != nil {
		return nil, f
	}
	for _, c := range g.channels {
		if id := r.text("busChannel"); id == "" || id == c.id {
			c.users = without(c.users, r.list("userIds")...)
		}
	}
	return reply{}, nil
}

func channelUsers(_ *ultraGroup, c *channel, r request) (reply, *failure) {
	return reply{"users": whole(page(c.users, r.count("page", 1), r.count("pageSize", 50)))}, nil
}

// reaches is who takes part in a channel.
func (g *ultraGroup) reaches(c *channel) []string {
	if !c.private {
		return slices.Clone(g.members)
	}
	list := slices.Clone(c.users)
	for _, id := range c.bound {
		if k := g.circle(id); k != nil {
			list = with(list, k.members...)
		}
	}
	return list
}
