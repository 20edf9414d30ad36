package gateway

import (
	"fmt"
	"strings"
)

// Reason documents a reason for which a request is answered with a problem.
type Reason struct {
	Name  string
	Codes string // HTTP statuses
	Means string
	Do    string
}

// Reasons are all that REST answers with, by status.
var Reasons = []Reason{
	{"invalid_argument", "400", "A field is missing, unknown, of a wrong type, too long or out of range; `details.field` names it.", "Correct the field."},
	{"lines_too_many", "400", "An order has more lines than one order may have.", "Place several orders."},
	{"cursor_invalid", "400", "The cursor was changed, or belongs to a list with other filters.", "Start the list again without a cursor."},
	{"token_invalid", "400", "The Consistency-Token is not one that a command answered with.", "Hand back the token as it came."},
	{"body_unreadable", "400", "The body did not arrive whole.", "Send the request again."},
	{"foreign_site", "403", "A page of another site made a browser speak to the shop, or the shop was addressed by a name that is not this machine's.", "Open the shop under its own address."},
	{"business_time_refused", "403", "Who asks may not say that something was so at another time than now.", "Leave the header Business-Time out, or ask as staff."},
	{"product_unknown", "404, 409", "There is no product of that SKU; 409 where an order names it.", "Register it, or look at /v1/products."},
	{"price_unknown", "404, 409", "There is no such price; 409 where an order needs one that holds now.", "Look at /v1/prices, or set one."},
	{"customer_unknown", "404, 409", "There is no such customer; 409 where an order names one.", "Open the account first."},
	{"order_unknown", "404", "There is no such order, or none that the view shows yet.", "Read with the Consistency-Token of the order's placing."},
	{"credit_note_unknown", "404", "There is no such credit note.", "Look at /v1/credit-notes."},
	{"event_unknown", "404", "There is no such event, or none that the audit log shows yet.", "Look at /v1/audit/events, or read with the Consistency-Token of the command."},
	{"table_unknown", "404", "There is no such table to take out.", "Look at /v1/analytics/export."},
	{"view_unknown", "404", "There is no view of that name, or no generation of it that is fed here.", "Look at /v1/views."},
	{"generation_unknown", "404", "The view has no such generation, or none that this binary could answer from.", "Look at /v1/views/{view}/generations; build one."},
	{"parked_unknown", "404", "The key is not parked in that view.", "Look at /v1/views/{view}/parked."},
	{"route_unknown", "404", "There is nothing at this path.", "Look at /docs."},
	{"method_not_allowed", "405", "The path knows other methods; the header Allow lists them.", "Use one of those."},
	{"sku_taken", "409", "The SKU was registered before, and is taken for ever.", "Describe that product, or choose another SKU."},
	{"product_discontinued", "409", "The product is not sold any more and stays as it is.", "Choose another product."},
	{"price_list_full", "409", "A SKU has had as many prices at a warehouse as are kept.", "Sell it under another SKU."},
	{"currency_mismatch", "409", "The product has a price, but not in the currency of the order.", "Order in the other currency, or set a price in this one."},
	{"stock_insufficient", "409", "Fewer units can leave than were asked for; `details` has on_hand, reserved and available.", "Receive goods, release reservations, or ask for less."},
	{"count_below_reserved", "409", "So few units were counted that promised ones would be uncovered.", "Release reservations first."},
	{"backorder_in_use", "409", "More units are on backorder already than the new limit allows.", "Receive goods or release reservations first."},
	{"stock_beyond_limit", "409", "More units than a stock item may ever hold.", "Check the quantity."},
	{"email_taken", "409", "The e-mail address has an account.", "Use that account, or another address."},
	{"order_of_customer", "409", "The order belongs to an account, so it has no guest to forget.", "Erase the customer instead."},
	{"customer_erased", "409", "The person was forgotten at their own wish.", "Open a new account."},
	{"command_in_flight", "409", "A command with the same Idempotency-Key is being answered right now.", "Wait, then ask again with the same key."},
	{"lost_race", "409", "Others kept changing the same thing; `details.between` names the facts that came in between.", "Read it again, then ask again."},
	{"token_of_another_log", "409", "The Consistency-Token belongs to a log that was replaced or restored.", "Read without it."},
	{"token_beyond_log", "409", "The Consistency-Token stands for more than the log holds: it was changed, or the log lost its end.", "Read without it; if it came from here, look for what happened to the log."},
	{"past_too_long", "409", "The order has more facts than a page of another time is folded from.", "Look at /v1/audit/events?order_id=."},
	{"still_parked", "409", "The retry failed: a fact cannot be folded, kept or read yet; `details` says which and why.", "Mend the fold, or read what is stored, then retry; or drop the key."},
	{"parked_behind_stream", "409", "The key waits for the parked stream in `details.stream`.", "Retry or drop that first."},
	{"count_differs", "409", "The count given to confirm a drop is not how many facts would be forgotten, which `details.count` is.", "Look again, then give that count."},
	{"generation_behind", "409", "The generation has not come as far as the one that answers.", "Build it to the end of the log, or wait until it has caught up."},
	{"generation_served", "409", "The generation answers.", "Promote another first."},
	{"generation_read", "409", "Requests are still answered from the generation.", "Retire it a minute later."},
	{"replay_running", "409", "The view is being built already.", "Look at /v1/views/{view}/generations, or stop that first."},
	{"replay_idle", "409", "The view is not being built.", "Nothing is to be stopped."},
	{"body_too_large", "413", "The body has more bytes than the path takes; `details.limit` says how many.", "Send less at once."},
	{"idempotency_key_reused", "422", "The Idempotency-Key was used before with another body.", "Use a new key for another request."},
	{"busy", "429", "Too many commands wait for the same thing, or as many listen as may.", "Ask again after the seconds of the header Retry-After."},
	{"head_too_large", "431", "The path and headers have more bytes than are understood; `details.limit` says how many.", "Send less in them."},
	{"internal", "500", "Something went wrong on our side.", "Ask again; look into the platform's log."},
	{"person_unreadable", "500", "The key of the person is damaged or missing, so their data cannot be read.", "Put the file that the platform's log names back from a backup."},
	{"outcome_unknown", "503", "Whether the command was recorded is not known yet.", "Ask again with the same Idempotency-Key: it is recorded once at most."},
	{"out_of_time", "503", "The platform did not answer in time.", "Ask again."},
	{"unavailable", "503", "A part that the platform stands on cannot be reached.", "Ask again after the seconds of the header Retry-After; look at /v1/status."},
	{"view_unprepared", "503", "No generation of the view can answer: another version of the fold built what there is.", "Build the next one and promote it: till replay apply --changed."},
	{"not_ready", "503", "At /readyz alone: some view does not serve.", "Wait; the message says which and why."},
	{"view_behind", "504", "The view does not show what the Consistency-Token stands for; `details` says how far behind it is.", "Ask again, or with a longer max_wait."},
	{"order_not_there_yet", "504", "The order is not in the state of `until`; `details.state` says in which it is.", "Ask again, or with a longer max_wait."},
}

// innerReasons are those of commands that only programs send, by the stream of commands.
var innerReasons = map[string]string{
	"accounting_note_exists":        "An accounting note of that id is recorded.",
	"already_reserved":              "The order holds other units of the stock item.",
	"authorization_exceeds_request": "More was authorized than the payment asked for.",
	"capture_exceeds_authorization": "More is to be captured than is left of what was authorized.",
	"capture_exists":                "The capture's id was used for another amount.",
	"closing":                       "The platform is shutting down: ask again under the same ids when it is back.",
	"credit_note_exists":            "A credit note of that id is issued, otherwise.",
	"currency_differs":              "The amount is in another currency than what it belongs to.",
	"customer_exists":               "An account of that id is open, otherwise.",
	"dispute_exceeds_capture":       "More is contested than is left of what was captured.",
	"dispute_exists":                "The dispute's id was used for another amount.",
	"email_not_held":                "The e-mail address belongs to another customer.",
	"fulfillment_unknown":           "The shipment has no such fulfillment.",
	"import_completed":              "The import is complete.",
	"import_day_closed":             "The day was closed with another number of documents.",
	"import_exists":                 "The import's id belongs to another file.",
	"import_unknown":                "The import was never started.",
	"line_not_cancellable":          "Fewer units of the line are left to cancel.",
	"line_not_shippable":            "Fewer units of the line are left to ship.",
	"line_unknown":                  "There is no such line.",
	"lot_unknown":                   "The customer has no such lot of points.",
	"not_reserved":                  "The order does not hold these units.",
	"not_returnable":                "Fewer units of the line can be returned.",
	"order_cancelled":               "The order is cancelled.",
	"order_closed":                  "The order is closed: its units can be returned.",
	"order_exists":                  "An order of that id is placed.",
	"order_not_confirmed":           "The order is not confirmed yet.",
	"order_not_settled":             "Units of the order are neither shipped nor cancelled.",
	"order_not_shipped":             "Units of the order are still to ship.",
	"order_shipped":                 "Units of the order left already.",
	"payment_authorized":            "The payment is authorized already.",
	"payment_declined":              "The payment was declined.",
	"payment_disputed":              "The card holder contests the payment.",
	"payment_exists":                "The payment was requested before, otherwise.",
	"payment_expired":               "The payment expired.",
	"payment_not_authorized":        "The payment is not authorized yet.",
	"payment_unknown":               "There is no such payment.",
	"payment_voided":                "The payment was voided.",
	"points_insufficient":           "The customer has fewer active points.",
	"points_not_due":                "It is not yet time for these points.",
	"price_exists":                  "The price's id was used before.",
	"redemption_exists":             "The redemption's id was used for another number of points.",
	"refund_exceeds_capture":        "More is to be refunded than is left of what was captured.",
	"refund_exists":                 "The refund's id was used for another amount.",
	"reservation_not_due":           "The reservation holds longer, or for ever.",
	"return_exceeded":               "Fewer units of the line are left to receive.",
	"return_exists":                 "The return is requested already.",
	"return_unknown":                "There is no such return.",
	"reversal_exists":               "The reversal's id was used for another amount.",
	"stock_not_on_hand":             "Fewer units are on hand than are to leave.",
	"shipment_exists":               "The shipment is planned already, otherwise.",
	"shipment_unknown":              "There is no such shipment.",
	"totals_differ":                 "The stated money is not what the lines add up to.",
}

// ErrorsPage is docs/errors.md.
func ErrorsPage() string {
	var b strings.Builder
	b.WriteString(`# Errors

Every path answers an error with its status and one JSON object:

    {"code": 409, "reason": "stock_insufficient", "message": "…", "details": {"on_hand": 3, …}}

` + "`reason`" + ` is stable: program against it. ` + "`message`" + ` is for people and may change. By gRPC the same reason is in the
` + "`google.rpc.ErrorInfo`" + ` of the status. This page is written by ` + "`go test ./gateway -run Errors -update`" + `.

| reason | status | what it means | what to do |
|---|---|---|---|
`)
	for _, r := range Reasons {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Name, r.Codes, r.Means, r.Do)
	}
	b.WriteString("\n## Of commands that programs send\n\nThe stream of commands refuses for these reasons as well.\n\n| reason | what it means |\n|---|---|\n")
	for _, name := range sortedKeys(innerReasons) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, innerReasons[name])
	}
	return b.String()
}
