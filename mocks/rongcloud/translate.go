package rongcloud

import "strings"

// phrases is all that the mock can translate: target language -> lower-case
// source -> translation.
var phrases = map[string]map[string]string{
	"zh": {
		"hello": "你好", "world": "世界", "hello world": "你好世界", "how are you": "你好吗", "good morning": "早上好",
		"good night": "晚安", "thank you": "谢谢", "thanks": "谢谢", "yes": "是", "no": "不", "goodbye": "再见", "friend": "朋友",
	},
	"en": {
		"你好": "hello", "世界": "world", "你好世界": "hello world", "你好吗": "how are you", "早上好": "good morning",
		"晚安": "good night", "谢谢": "thank you", "是": "yes", "不": "no", "再见": "goodbye", "朋友": "friend",
	},
}

// translate finds the whole text or each of its words; what it does not know
// comes back behind a mark of the target language: "[ja] text".
func (a *App) translate(r request) (reply, *failure) {
	text, target := r.text("text"), r.text("targetLanguage")
	if target == "" {
		target = "zh"
	}
	return reply{"translated": translation(text, r.text("sourceLanguage"), target)}, nil
}

func translation(text, source, target string) string {
	if source == target {
		return text
	}
	known := phrases[strings.ToLower(strings.SplitN(target, "-", 2)[0])]
	plain := strings.ToLower(strings.Trim(text, " .!?"))
	if t, ok := known[plain]; ok {
		return t
	}
	var words []string
	for _, w := range strings.Fields(plain) {
		t, ok := known[strings.Trim(w, ",;.!?")]
		if !ok {
			return "[" + target + "] " + text
		}
		words = append(words, t)
	}
	if len(words) == 0 {
		return "[" + target + "] " + text
	}
	return strings.Join(words, " ")
}
