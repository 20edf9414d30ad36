package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"

	"tillstream/commands"
	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/gateway/wirejson"
)

// fieldsOf says under which field the data of a JSON name were sealed. A payment token is nothing to look at.
var fieldsOf = map[string]string{"name": events.FieldName, "email": events.FieldEmail, "address": events.FieldAddress, "ship_to": events.FieldAddress}

// The states of a personal datum.
const (
	stateSealed     = "sealed"
	stateOpened     = "opened"
	stateForgotten  = "forgotten"
	stateUnreadable = "unreadable"
)

// sealedDatum is a sealed datum in a JSON tree, and how to put its plain text there.
type sealedDatum struct {
	path  string
	field string // empty: nobody opens it here
	datum events.Sealed
	set   func(any)
	state string
}

// sealedOf reads a sealed datum from its JSON form.
func sealedOf(v map[string]any) (s events.Sealed, is bool) {
	subject, a := v["s"].(string)
	number, b := v["k"].(json.Number)
	cipher, c := v["c"].(string)
	if !a || !b || !c || len(v) != 3 {
		return s, false
	}
	text, err := json.Marshal(map[string]any{"s": subject, "k": number, "c": cipher})
	return s, err == nil && json.Unmarshal(text, &s) == nil
}

// sealedIn finds every sealed datum under a place of a tree, in the order of their paths.
func sealedIn(path, name string, tree any, set func(any)) (found []*sealedDatum) {
	switch v := tree.(type) {
	case map[string]any:
		if datum, sealed := sealedOf(v); sealed {
			return []*sealedDatum{{path, fieldsOf[name], datum, set, stateSealed}}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			found = append(found, sealedIn(join(path, key), key, v[key], func(plain any) { v[key] = plain })...)
		}
	case []any:
		for i, value := range v {
			found = append(found, sealedIn(path+"["+strconv.Itoa(i)+"]", name, value, func(plain any) { v[i] = plain })...)
		}
	}
	return found
}

// reveal opens the personal data of a fact and its states for who may see it, once the opening is recorded: what cannot
// be recorded is not shown. For everybody else it tells what is sealed.
func (s auditService) reveal(ctx context.Context, in *auditv1.GetRequest, seen *replayed) (list []*auditv1.PersonalDatum, err error) {
	data := sealedIn("data", "", seen.data, func(v any) { seen.data = v })
	data = append(data, sealedIn("before", "", seen.before, func(v any) { seen.before = v })...)
	data = append(data, sealedIn("after", "", seen.after, func(v any) { seen.after = v })...)
	if sees(callOf(ctx).actor) && !in.Sealed {
		if err := s.openAll(ctx, in, data); err != nil {
			return nil, err
		}
	}
	for _, d := range data {
		list = append(list, &auditv1.PersonalDatum{Field: d.path, Subject: d.datum.Subject, State: d.state})
	}
	return list, nil
}

func (s auditService) openAll(ctx context.Context, in *auditv1.GetRequest, data []*sealedDatum) error {
	plain := map[*sealedDatum]string{}
	opened := map[string][]string{} // by subject: what is about to be shown
	for _, d := range data {
		if d.field == "" {
			continue
		}
		text, err := s.plainOf(ctx, d)
		if err != nil {
			return err
		}
		if d.state != stateOpened {
			continue
		}
		plain[d] = text
		if !slices.Contains(opened[d.datum.Subject], d.field) {
			opened[d.datum.Subject] = append(opened[d.datum.Subject], d.field)
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(opened)) {
		slices.Sort(opened[subject])
		if err := s.recordOpening(ctx, in, commands.OpenPersonalData{Subject: subject, Fields: opened[subject], EventID: in.Id, Purpose: in.Purpose}); err != nil {
			return err
		}
	}
	for d, text := range plain {
		d.set(shown(d.field, text))
	}
	return nil
}

// plainOf opens one datum and notes how it fared.
func (s auditService) plainOf(ctx context.Context, d *sealedDatum) (string, error) {
	key, err := s.deps.Keys.Open(ctx, d.datum.Subject, d.datum.Key)
	if errors.Is(err, events.ErrForgotten) {
		d.state = stateForgotten
		return "", nil
	}
	if errors.Is(err, events.ErrUnreadable) {
		d.state = stateUnreadable
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text, err := d.datum.Open(key, d.field)
	if err != nil {
		d.state = stateUnreadable
		return "", nil
	}
	d.state = stateOpened
	return string(text), nil
}

// shown is a plain datum as JSON: an address is kept as the JSON of its parts.
func shown(field, text string) any {
	if field == events.FieldAddress {
		if tree, err := treeOf([]byte(text)); err == nil {
			return tree
		}
	}
	return text
}

// recordOpening makes a look at personal data a fact, durable before it returns. It follows from the fact looked at.
func (s auditService) recordOpening(ctx context.Context, in *auditv1.GetRequest, cmd commands.OpenPersonalData) error {
	c := callOf(ctx)
	a, err := commands.Handle(ctx, s.deps.Handler, events.Meta{Correlation: c.correlation, Causation: in.Id, Command: events.FreshCommandID(),
		Request: s.requestHash(cmd.Name(), wirejson.Canonical(in)), Actor: c.actor, Trace: c.trace, Origin: events.FromAPI}, cmd)
	if no := (*commands.Rejection)(nil); errors.As(err, &no) {
		return badField("purpose", "is not usable: %s", no.Message)
	}
	if err != nil {
		return err
	}
	c.outcome.at = max(c.outcome.at, a.At)
	c.header(headerToken, s.tokenOf(c.outcome.at))
	return nil
}
