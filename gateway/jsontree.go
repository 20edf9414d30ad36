package gateway

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// treeOf is JSON as maps, slices and scalars, numbers as they are written.
func treeOf(b []byte) (tree any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&tree)
	return tree, err
}

// difference is one field that is not as it was, by its path. Before and after are JSON, empty where it was not there.
type difference struct{ field, before, after string }

// differences lists the fields in which two JSON trees differ, in the order of their paths: objects by name, lists by
// place.
func differences(before, after any) (list []difference) {
	was, is := map[string]string{}, map[string]string{}
	flatten("", before, was)
	flatten("", after, is)
	names := slices.Collect(maps.Keys(was))
	for name := range is {
		if _, both := was[name]; !both {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, byPath)
	for _, name := range names {
		if was[name] != is[name] {
			list = append(list, difference{name, was[name], is[name]})
		}
	}
	return list
}

// flatten notes every leaf under its path. An empty object or list is a leaf too, and so is what is sealed.
func flatten(path string, tree any, into map[string]string) {
	switch v := tree.(type) {
	case nil:
		if path == "" {
			return // nothing at all
		}
	case map[string]any:
		if _, sealed := sealedOf(v); !sealed && len(v) > 0 {
			for name, value := range v {
				flatten(join(path, name), value, into)
			}
			return
		}
	case []any:
		if len(v) > 0 {
			for i, value := range v {
				flatten(path+"["+strconv.Itoa(i)+"]", value, into)
			}
			return
		}
	}
	b, err := json.Marshal(tree)
	if err != nil {
		return // made of JSON, it is JSON
	}
	into[path] = string(b)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// byPath orders paths as people do: lines[2] before lines[10].
func byPath(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		x, y := digits(a), digits(b)
		if x > 0 && y > 0 {
			if c := byNumber(a[:x], b[:y]); c != 0 {
				return c
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func byNumber(a, b string) int {
	for len(a) > 1 && a[0] == '0' {
		a = a[1:]
	}
	for len(b) > 1 && b[0] == '0' {
		b = b[1:]
	}
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return bytes.Compare([]byte(a), []byte(b))
}
