// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Renders a Helm chart as `helm template` does, as far as ours goes: Go's own template engine, and of the functions that Helm
// adds those that the chart uses; another one is an error. Debian has no Helm. Values come merged and checked (helm.inc).
//
//	helm-render CHART <cases      OUT/NAME for each template of a case that is not empty, or an error in OUT/error
//
// A case: {"out": OUT, "strict": true, "Values": …, "Chart": …, "Release": …}. strict: a value that is not there is an
// error; Helm takes it for empty.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"text/template"
)

type object = map[string]interface{}

// A plain scalar in YAML that every reader takes for this string.
var plain = regexp.MustCompile(`^[A-Za-z/_][A-Za-z0-9/_. ()-]*[A-Za-z0-9/_]$`)
var word = regexp.MustCompile(`(?i)^(yes|no|on|off|true|false|null|y|n)$`)

func scalar(v interface{}) string {
	if text, ok := v.(string); ok && plain.MatchString(text) && !word.MatchString(text) {
		return text
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out) // JSON's scalars are YAML's
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSpace(out.String())
}

// Lines of a value in block style, as Helm writes them: keys sorted, lists as far left as their key.
func lines(v interface{}) []string {
	var out []string
	switch v := v.(type) {
	case object:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			out = append(out, entry(scalar(key)+":", v[key])...)
		}
		if len(keys) == 0 {
			out = []string{"{}"}
		}
	case []interface{}:
		for _, item := range v {
			for i, line := range lines(item) {
				out = append(out, map[bool]string{true: "- ", false: "  "}[i == 0]+line)
			}
		}
		if len(v) == 0 {
			out = []string{"[]"}
		}
	default:
		out = []string{scalar(v)}
	}
	return out
}

func entry(key string, v interface{}) []string {
	inner := lines(v)
	switch v := v.(type) {
	case object:
		if len(v) > 0 {
			for i := range inner {
				inner[i] = "  " + inner[i]
			}
			return append([]string{key}, inner...)
		}
	case []interface{}:
		if len(v) > 0 {
			return append([]string{key}, inner...)
		}
	}
	return []string{key + " " + inner[0]}
}

func indent(n int, text string) string {
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
}

func text(v interface{}) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// The chart's files outside templates/.
type files string

func (chart files) Get(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(string(chart), name))
	return string(content), err
}

func functions(set *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data interface{}) (string, error) {
			var out strings.Builder
			err := set.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
		"toYaml":  func(v interface{}) string { return strings.Join(lines(v), "\n") },
		"nindent": func(n int, s string) string { return "\n" + indent(n, s) },
		"quote":   func(v interface{}) string { return fmt.Sprintf("%q", text(v)) },
		"default": func(otherwise, v interface{}) interface{} {
			if truth, _ := template.IsTrue(v); truth {
				return v
			}
			return otherwise
		},
		"contains":  func(part, s string) bool { return strings.Contains(s, part) },
		"replace":   func(old, new, s string) string { return strings.ReplaceAll(s, old, new) },
		"splitList": func(at, s string) []string { return strings.Split(s, at) },
		"sha256sum": func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) },
		"last": func(list interface{}) (interface{}, error) {
			v := reflect.ValueOf(list)
			if v.Len() == 0 {
				return nil, errors.New("last of an empty list")
			}
			return v.Index(v.Len() - 1).Interface(), nil
		},
		"hasKey": func(d object, key string) bool { _, has := d[key]; return has },
		"dict": func(pairs ...interface{}) object {
			d := object{}
			for i := 0; i+1 < len(pairs); i += 2 {
				d[text(pairs[i])] = pairs[i+1]
			}
			return d
		},
		"omit": func(d object, keys ...string) object {
			rest := object{}
			for key, v := range d {
				rest[key] = v
			}
			for _, key := range keys {
				delete(rest, key)
			}
			return rest
		},
	}
}

func render(chart, out string, input object) error {
	set := template.New("chart")
	set.Funcs(functions(set))
	if input["strict"] == true {
		set.Option("missingkey=error")
	}
	input["Files"] = files(chart)
	names, err := filepath.Glob(filepath.Join(chart, "templates", "*.*"))
	if err != nil {
		return err
	}
	for _, path := range names {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := set.New(filepath.Base(path)).Parse(string(content)); err != nil {
			return err
		}
	}
	for _, path := range names {
		name := filepath.Base(path)
		var page bytes.Buffer
		if strings.HasPrefix(name, "_") {
			continue
		}
		if err := set.ExecuteTemplate(&page, name, input); err != nil {
			return err
		}
		rendered := strings.ReplaceAll(page.String(), "<no value>", "")
		if strings.TrimSpace(rendered) == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(out, name), []byte(rendered), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "helm-render:", err)
	os.Exit(1)
}

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: helm-render CHART <cases"))
	}
	for cases := json.NewDecoder(os.Stdin); ; {
		input := object{}
		if err := cases.Decode(&input); err == io.EOF {
			return
		} else if err != nil {
			fail(err)
		}
		out := text(input["out"])
		if err := render(os.Args[1], out, input); err != nil {
			if err := os.WriteFile(filepath.Join(out, "error"), []byte(err.Error()+"\n"), 0o644); err != nil {
				fail(err)
			}
		}
	}
}
