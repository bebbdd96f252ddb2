package registry

import "strings"

// challenge is one of those in a header WWW-Authenticate (RFC 9110, section 11.6.1): its scheme in lower case, and its
// parameters.
type challenge struct {
	scheme     string
	parameters map[string]string
}

// parseChallenges reads the headers; what cannot be read ends one.
func parseChallenges(headers []string) []challenge {
	var all []challenge
	for _, text := range headers {
		for text = strings.TrimLeft(text, ", \t"); text != ""; text = strings.TrimLeft(text, ", \t") {
			name, rest := word(text)
			if name == "" {
				break
			}
			if value, after, is := parameter(rest); is && len(all) > 0 {
				all[len(all)-1].parameters[strings.ToLower(name)] = value
				text = after
				continue
			}
			all = append(all, challenge{strings.ToLower(name), map[string]string{}})
			text = rest
		}
	}
	return all
}

// word takes a token off a text.
func word(text string) (string, string) {
	end := strings.IndexAny(text, " \t,=\"")
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// parameter takes `=value` or `="quoted value"` off a text.
func parameter(text string) (value, rest string, is bool) {
	text, is = strings.CutPrefix(strings.TrimLeft(text, " \t"), "=")
	if !is {
		return "", "", false
	}
	text = strings.TrimLeft(text, " \t")
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, " \t,")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], true
	}
	var unquoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return unquoted.String(), text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return unquoted.String(), "", true
			}
		}
		unquoted.WriteByte(text[i])
	}
	return unquoted.String(), "", true
}
