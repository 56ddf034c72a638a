package environ

import (
	"encoding"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/kelseyhightower/envconfig"
)

// variable is one setting of the environment, as the tags of its field describe it.
type variable struct {
	key, preset, meaning string
	value                reflect.Value // of the field
}

// Names lists the names of all variables of cfg, a pointer to a struct.
func Names(prefix string, cfg any) (names []string) {
	for _, v := range variables(prefix, reflect.ValueOf(cfg).Elem()) {
		names = append(names, v.key)
	}
	return names
}

// Print lists every variable of cfg, a pointer to a struct, with its default and
// meaning.
func Print(w io.Writer, prefix string, cfg any) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprint(table, "VARIABLE\tDEFAULT\tMEANING\n")
	for _, v := range variables(prefix, reflect.ValueOf(cfg).Elem()) {
		fmt.Fprintf(table, "%s\t%s\t%s\n", v.key, v.preset, v.meaning)
	}
	return table.Flush()
}

// PrintEffective lists every variable of cfg, which was loaded, with its value and where
// that comes from: the environment, a file that it names, or the default. A secret's type
// hides it; of a URL, which may hold one, the password and the query are hidden.
func PrintEffective(w io.Writer, prefix string, cfg any) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprint(table, "VARIABLE\tVALUE\tFROM\n")
	all := variables(prefix, reflect.ValueOf(cfg).Elem())
	for _, v := range all {
		value := ""
		if v.value.Kind() != reflect.String || v.value.Len() > 0 {
			value = withoutSecrets(fmt.Sprint(v.value.Interface()))
		}
		origin := "default"
		if _, set := os.LookupEnv(v.key); set {
			origin = "environment"
		} else if file, set := os.LookupEnv(v.key + fileSuffix); set && !known(all, v.key+fileSuffix) {
			origin = file
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", v.key, value, origin)
	}
	return table.Flush()
}

// withoutSecrets hides the parts of a URL in which keys and passwords stand.
func withoutSecrets(value string) string {
	scheme, rest, isURL := strings.Cut(value, "://")
	if !isURL {
		return value
	}
	rest, query, _ := strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "[secret]" + rest[at:]
	}
	if query != "" {
		rest += "?[secret]"
	}
	return scheme + "://" + rest
}

func known(all []variable, key string) bool {
	return slices.ContainsFunc(all, func(v variable) bool { return v.key == key })
}

// wordEnd finds where a word of a field's name ends: "TokenTTL", "URLFile".
var wordEnd = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)

// variables are those that envconfig reads for spec's fields, in their order. Its own
// list is made by a text template, with which the linker keeps every method of the
// program: 13 MB.
func variables(prefix string, spec reflect.Value) (all []variable) {
	for field, value := range spec.Fields() {
		name := field.Tag.Get("envconfig")
		if name == "" {
			name = field.Name
			if field.Tag.Get("split_words") == "true" {
				name = wordEnd.ReplaceAllString(name, "${1}${3}_${2}${4}")
			}
		}
		v := variable{prefix + "_" + strings.ToUpper(name), field.Tag.Get("default"), field.Tag.Get("desc"), value}
		switch {
		case field.Tag.Get("ignored") == "true" || !field.IsExported():
		case field.Type.Kind() != reflect.Struct || reads(reflect.PointerTo(field.Type)):
			all = append(all, v)
		case field.Anonymous:
			all = append(all, variables(prefix, value)...)
		default:
			all = append(all, variables(v.key, value)...)
		}
	}
	return all
}

// reads says whether a struct of this type is one variable, which it decodes itself.
func reads(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[envconfig.Decoder]()) || t.Implements(reflect.TypeFor[envconfig.Setter]()) ||
		t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
