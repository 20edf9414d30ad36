package gateway

import (
	"google.golang.org/grpc"

	analyticsv1 "tillstream/gateway/api/analytics/v1"
	auditv1 "tillstream/gateway/api/audit/v1"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	commandsv1 "tillstream/gateway/api/commands/v1"
	customersv1 "tillstream/gateway/api/customers/v1"
	loyaltyv1 "tillstream/gateway/api/loyalty/v1"
	ordersv1 "tillstream/gateway/api/orders/v1"
	parkedv1 "tillstream/gateway/api/parked/v1"
	pricesv1 "tillstream/gateway/api/prices/v1"
	processesv1 "tillstream/gateway/api/processes/v1"
	productsv1 "tillstream/gateway/api/products/v1"
	replayv1 "tillstream/gateway/api/replay/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	stockv1 "tillstream/gateway/api/stock/v1"
)

// services are those that are served by REST and gRPC alike.
func (g *Gateway) services() []service {
	return []service{
		{&productsv1.Products_ServiceDesc, productsService{Gateway: g}},
		{&pricesv1.Prices_ServiceDesc, pricesService{Gateway: g}},
		{&stockv1.Stock_ServiceDesc, stockService{Gateway: g}},
		{&customersv1.Customers_ServiceDesc, customersService{Gateway: g}},
		{&ordersv1.Orders_ServiceDesc, ordersService{Gateway: g}},
		{&ordersv1.CreditNotes_ServiceDesc, creditNotesService{Gateway: g}},
		{&loyaltyv1.Loyalty_ServiceDesc, loyaltyService{Gateway: g}},
		{&processesv1.Processes_ServiceDesc, processesService{Gateway: g}},
		{&analyticsv1.Analytics_ServiceDesc, analyticsService{Gateway: g}},
		{&analyticsv1.Exports_ServiceDesc, exportsService{Gateway: g}},
		{&parkedv1.Parked_ServiceDesc, parkedService{Gateway: g}},
		{&replayv1.Replay_ServiceDesc, replayService{Gateway: g}},
		{&statusv1.Status_ServiceDesc, statusService{Gateway: g}},
		{&auditv1.Audit_ServiceDesc, auditService{Gateway: g}},
	}
}

// registerInner adds the services of programs, which stream and have no REST.
func (g *Gateway) registerInner(server grpc.ServiceRegistrar) {
	commandsv1.RegisterCommandsServer(server, commandsService{Gateway: g})
	bulkv1.RegisterBulkServer(server, bulkService{Gateway: g})
}
