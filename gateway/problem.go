package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/gateway/wirejson"
	"tillstream/projections"
)

// Problem is an error as clients see it, by HTTP and by gRPC. It never carries a personal datum.
type Problem struct {
	Code    int            // HTTP status
	Reason  string         // stable, see Reasons
	Message string         // for people: what was asked, of what, and what to do
	Details map[string]any // for programs; may be nil
}

func (p *Problem) Error() string { return p.Reason + ": " + p.Message }

func problem(code int, reason, format string, args ...any) *Problem {
	return &Problem{Code: code, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func (p *Problem) with(key string, value any) *Problem {
	details := maps.Clone(p.Details)
	if details == nil {
		details = map[string]any{}
	}
	details[key] = value
	return &Problem{p.Code, p.Reason, p.Message, details}
}

// badField says which field of a request is not understood.
func badField(field, format string, args ...any) *Problem {
	return problem(http.StatusBadRequest, commands.InvalidReason, field+" "+format, args...).with("field", field)
}

func notFound(reason, format string, args ...any) *Problem {
	return problem(http.StatusNotFound, reason, format, args...)
}

// problemOf turns what went wrong inside into what the client is told. What only operators should know is logged.
func problemOf(ctx context.Context, log *slog.Logger, err error) *Problem {
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p
	}
	var no *commands.Rejection
	var field *wirejson.FieldError
	var lost *commands.LostRaceError
	var view *projections.UnpreparedError
	switch {
	case errors.As(err, &no):
		return &Problem{rejectionCode(no.Reason), no.Reason, no.Message, no.Details}
	case errors.As(err, &field):
		p := problem(http.StatusBadRequest, commands.InvalidReason, "%s", field.Error())
		if field.Field != "" {
			p = p.with("field", field.Field)
		}
		return p
	case errors.As(err, &lost):
		return problem(http.StatusConflict, "lost_race", "%s", lost.Error()).with("between", lost.Between)
	case errors.As(err, &view):
		return unprepared(view)
	case errors.Is(err, commands.ErrReused):
		return problem(http.StatusUnprocessableEntity, "idempotency_key_reused",
			"this Idempotency-Key was used before with another body: use a new key for another request")
	case errors.Is(err, commands.ErrBusy):
		return problem(http.StatusTooManyRequests, "busy", "too many commands wait for the same thing: ask again later").with("retry_after", 1)
	}
	return trouble(ctx, log, err)
}

// trouble is a problem of the platform, not of the request.
func trouble(ctx context.Context, log *slog.Logger, err error) *Problem {
	log.ErrorContext(ctx, "a request failed", "method", callOf(ctx).method, "err", err)
	switch {
	case errors.Is(err, commands.ErrUnknownOutcome):
		return problem(http.StatusServiceUnavailable, "outcome_unknown",
			"whether this was recorded is not known yet: ask again with the same Idempotency-Key").with("retry_after", 1)
	case errors.Is(err, events.ErrUnreadable):
		return problem(http.StatusInternalServerError, "person_unreadable",
			"the key of this person is damaged or missing, so their data cannot be read: put the file that the platform's log names back from a backup")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return problem(http.StatusServiceUnavailable, "out_of_time", "the platform did not answer in time: ask again").with("retry_after", 1)
	}
	if s, ok := status.FromError(err); ok && s.Code() == codes.Unavailable {
		return problem(http.StatusServiceUnavailable, "unavailable", "a part that the platform stands on cannot be reached: ask again").with("retry_after", 1)
	}
	return internalProblem()
}

func internalProblem() *Problem {
	return problem(http.StatusInternalServerError, "internal", "something went wrong on our side: ask again, or look into the platform's log")
}

// renamed is err, if it is about a field of a command, of the field as the request calls it.
func renamed(err error, field, asked string) error {
	if no := (*commands.Rejection)(nil); errors.As(err, &no) && no.Details["field"] == field {
		return badField(asked, "%s", strings.TrimPrefix(no.Message, field+" "))
	}
	return err
}

// inside is err, if it is about a field, of that field inside another.
func inside(at string, err error) error {
	if no := (*commands.Rejection)(nil); errors.As(err, &no) {
		return no.Within(at)
	}
	return err
}

// rejectionCode is the status of a business "no": 400 if the command is not well formed, 404 if what it names does not
// exist, else 409.
func rejectionCode(reason string) int {
	switch {
	case reason == commands.InvalidReason:
		return http.StatusBadRequest
	case slices.Contains(unknownThings, reason):
		return http.StatusNotFound
	}
	return http.StatusConflict
}

// unknownThings are the reasons that say what a path names does not exist.
var unknownThings = []string{"product_unknown", "price_unknown", "customer_unknown", "order_unknown", "credit_note_unknown"}

var grpcCodes = map[int]codes.Code{
	http.StatusBadRequest:            codes.InvalidArgument,
	http.StatusUnauthorized:          codes.Unauthenticated,
	http.StatusForbidden:             codes.PermissionDenied,
	http.StatusNotFound:              codes.NotFound,
	http.StatusMethodNotAllowed:      codes.Unimplemented,
	http.StatusConflict:              codes.FailedPrecondition,
	http.StatusRequestEntityTooLarge: codes.ResourceExhausted,
	http.StatusUnprocessableEntity:   codes.InvalidArgument,
	http.StatusTooManyRequests:       codes.ResourceExhausted,
	http.StatusInternalServerError:   codes.Internal,
	http.StatusServiceUnavailable:    codes.Unavailable,
	http.StatusGatewayTimeout:        codes.DeadlineExceeded,
}

// GRPCStatus is the problem as gRPC has it: the same reason in an ErrorInfo, details as text.
func (p *Problem) GRPCStatus() *status.Status {
	info := &errdetails.ErrorInfo{Reason: p.Reason, Domain: "tillstream", Metadata: map[string]string{}}
	for key, value := range p.Details {
		info.Metadata[key] = plainText(value)
	}
	s := status.New(grpcCodes[p.Code], p.Message)
	if full, err := s.WithDetails(info); err == nil {
		return full
	}
	return s
}
