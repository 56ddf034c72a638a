package linkv

import (
	"encoding/json"
	"errors"
	"fmt"
)

// trigger serves the admin API's POST /_mock/callbacks/{name}. LinkV sends no
// callbacks; these are what its clients do, and a console's change of a balance.
func (a *App) trigger(name string, body []byte) error {
	in := struct {
		User  string `json:"user"`
		Room  string `json:"room"`
		Coins int64  `json:"coins"`
	}{}
	if err := json.Unmarshal(body, &in); err != nil {
		return fmt.Errorf("the body must be a JSON object: %w", err)
	}
	if !userID.MatchString(in.User) {
		return errors.New("user is missing or no user id")
	}
	switch name {
	case "client.online", "client.offline":
		a.online[in.User] = name == "client.online"
	case "client.room.join":
		if in.Room == "" {
			return errors.New("room is missing")
		}
		a.joinRoom(in.Room, in.User)
	case "coins.set":
		if in.Coins < 0 {
			return errors.New("coins cannot be negative")
		}
		a.setBalance(in.User, in.Coins)
	default:
		return fmt.Errorf("no action is named %q: client.online, client.offline, client.room.join, coins.set", name)
	}
	return nil
}
