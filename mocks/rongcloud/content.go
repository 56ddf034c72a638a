package rongcloud

import (
	"encoding/json"
	"strings"
)

// traits are what the vendor does with a message by its type alone
// (docs/vendors/rongcloud.md#object-names).
type traits struct {
	cached bool // kept for users who are offline, 7 days
	stored bool // kept in the history
	pushes bool // makes a push without pushContent of its own
}

// shape is what the content of a built-in type must look like.
type shape struct {
	traits
	need    []string // members that must be there
	texts   []string // members that must be texts
	numbers []string // members that must be numbers
}

var (
	shown   = traits{cached: true, stored: true, pushes: true} // what users write
	silent  = traits{cached: true, stored: true}               // notices
	command = traits{cached: true}                             // for programs, shown nowhere
	fleet   = traits{}                                         // gone when nobody is there
)

var builtin = map[string]shape{
	"RC:TxtMsg":        {shown, []string{"content"}, []string{"content", "extra"}, nil},
	"RC:ImgMsg":        {shown, []string{"content", "imageUri"}, []string{"content", "imageUri", "extra"}, nil},
	"RC:HQVCMsg":       {shown, []string{"remoteUrl", "duration"}, []string{"remoteUrl", "extra"}, []string{"duration"}},
	"RC:VcMsg":         {shown, []string{"content", "duration"}, []string{"content", "extra"}, []string{"duration"}},
	"RC:GIFMsg":        {shown, nil, []string{"remoteUrl", "extra"}, nil},
	"RC:FileMsg":       {shown, []string{"name", "fileUrl"}, []string{"name", "type", "fileUrl"}, nil},
	"RC:SightMsg":      {shown, []string{"sightUrl", "duration"}, []string{"sightUrl", "content", "name"}, []string{"duration"}},
	"RC:LBSMsg":        {shown, []string{"latitude", "longitude"}, []string{"content", "poi"}, []string{"latitude", "longitude"}},
	"RC:ImgTextMsg":    {shown, []string{"title", "content"}, []string{"title", "content", "imageUri", "url"}, nil},
	"RC:ReferenceMsg":  {shown, []string{"content", "referMsgUserId", "referMsg"}, []string{"content", "referMsgUserId", "objName"}, nil},
	"RC:CombineMsg":    {shown, nil, nil, nil},
	"RC:StreamMsg":     {shown, nil, nil, nil},
	"RC:InfoNtf":       {silent, []string{"message"}, []string{"message", "extra"}, nil},
	"RC:CmdNtf":        {silent, nil, []string{"name"}, nil}, // the Go SDK spells name "operation"
	"RC:DizNtf":        {silent, nil, nil, nil},
	"RC:ContactNtf":    {silent, []string{"operation", "sourceUserId", "targetUserId"}, []string{"operation", "sourceUserId", "targetUserId", "message", "extra"}, nil},
	"RC:ProfileNtf":    {silent, []string{"operation"}, []string{"operation", "extra"}, nil},
	"RC:GrpNtf":        {silent, []string{"operatorUserId", "operation"}, []string{"operatorUserId", "operation", "message", "extra"}, nil},
	"RC:RcNtf":         {silent, nil, nil, nil},
	"RC:CmdMsg":        {command, []string{"name", "data"}, []string{"name"}, nil},
	"RC:RcCmd":         {command, nil, nil, nil},
	"RC:ReadNtf":       {command, []string{"lastMessageSendTime", "messageUId"}, []string{"messageUId"}, nil}, // the Java SDK sends the time as a text
	"RC:RRReqMsg":      {command, nil, nil, nil},
	"RC:RRRspMsg":      {command, nil, nil, nil},
	"RC:SRSMsg":        {command, nil, nil, nil},
	"RC:chrmKVNotiMsg": {command, []string{"type"}, []string{"key", "value", "extra"}, []string{"type"}}, // the Go SDK spells key "string"
	"RC:TypSts":        {fleet, []string{"typingContentType"}, []string{"typingContentType"}, nil},
	"RC:VCInvite":      {shown, []string{"callId"}, []string{"callId"}, nil},
	"RC:VCRinging":     {shown, []string{"callId"}, []string{"callId"}, nil},
	"RC:VCAccept":      {shown, []string{"callId"}, []string{"callId"}, nil},
	"RC:VCHangup":      {shown, []string{"callId"}, []string{"callId"}, nil},
	"RC:VCModifyMedia": {shown, []string{"callId"}, []string{"callId"}, nil},
	"RC:VCModifyMem":   {shown, []string{"callId"}, []string{"callId"}, nil},
	"RC:VCSummary":     {shown, nil, nil, nil},
}

const maxThumbnail = 10 << 10 // bytes of base64 in RC:ImgMsg

// traitsOf is what becomes of a message of a type. A custom type is kept like
// text and pushes only with its own pushContent.
func traitsOf(objectName string) traits {
	if s, ok := builtin[objectName]; ok {
		return s.traits
	}
	return silent
}

// checkContent checks a message's type and content. A custom type may have any
// content and must not begin with RC: (docs/vendors/rongcloud.md#message-sizes).
func (a *App) checkContent(objectName, content string) *failure {
	s, ok := builtin[objectName]
	switch {
	case !ok && strings.HasPrefix(objectName, "RC:"):
		return badParameter("objectName", "must not start with RC: unless it is built in")
	case !ok:
		return nil
	}
	var members map[string]any
	if json.Unmarshal([]byte(content), &members) != nil || members == nil {
		return badParameter("content", "is not a JSON object")
	}
	if f := s.check(members); f != nil {
		return f
	}
	switch objectName {
	case "RC:CmdMsg":
		return a.checkCommand(members)
	case "RC:ImgMsg":
		if text, _ := members["content"].(string); len(text) > maxThumbnail {
			return fail(codeTooLong, "Parameter 'content' has too big a thumbnail")
		}
	case "RC:HQVCMsg":
		return longest(members, 60)
	case "RC:SightMsg":
		return longest(members, 120)
	}
	return nil
}

func (s shape) check(members map[string]any) *failure {
	for _, name := range s.need {
		if members[name] == nil || members[name] == "" {
			return badParameter("content", "misses "+name)
		}
	}
	for _, name := range s.texts {
		if v, ok := members[name]; ok && v != nil {
			if _, ok := v.(string); !ok {
				return badParameter("content", "has no text in "+name)
			}
		}
	}
	for _, name := range s.numbers {
		if _, ok := members[name].(float64); !ok && members[name] != nil {
			return badParameter("content", "has no number in "+name)
		}
	}
	return nil
}

// checkCommand: data is a text, often JSON; that the vendor looks is not
// documented, so an object passes unless Config.StrictCommandData.
func (a *App) checkCommand(members map[string]any) *failure {
	switch members["data"].(type) {
	case string:
		return nil
	case map[string]any:
		if !a.cfg.StrictCommandData {
			return nil
		}
	}
	return badParameter("content", "has no text in data")
}

func longest(members map[string]any, seconds float64) *failure {
	if d, _ := members["duration"].(float64); d <= 0 || d > seconds {
		return badParameter("content", "has a duration out of range")
	}
	return nil
}
