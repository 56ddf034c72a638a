package youme

import (
	"encoding/json"
	"errors"
	"fmt"
)

// trigger serves the admin API's POST /_mock/callbacks/{name}: what clients do
// in channels, or the copy of a message that never was.
func (a *App) trigger(name string, body []byte) error {
	in := struct {
		Media
		Channel string `json:"channel"`
		User    string `json:"user"`
		To      string `json:"to"`
		Content string `json:"content"`
	}{}
	if err := json.Unmarshal(body, &in); err != nil {
		return fmt.Errorf("the body must be a JSON object: %w", err)
	}
	if in.User == "" || in.Channel == "" && in.To == "" {
		return errors.New("user and channel are missing (for message_copy: user, and channel or to)")
	}
	switch name {
	case "client.channel.join":
		return a.join(in.Channel, in.User, in.Media)
	case "client.channel.leave":
		a.leave(in.Channel, in.User)
	case "client.channel.speak", "client.channel.mute":
		if !a.speak(in.Channel, in.User, name == "client.channel.speak") {
			return errors.New("the user is not in the channel")
		}
	case "message_copy":
		if in.Channel != "" {
			a.copyMessage(in.User, in.Channel, inGroup, false, in.Content)
		} else {
			a.copyMessage(in.User, in.To, private, false, in.Content)
		}
	default:
		return fmt.Errorf("no action is named %q: client.channel.join, .leave, .speak, .mute, message_copy", name)
	}
	return nil
}
