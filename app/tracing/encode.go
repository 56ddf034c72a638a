package tracing

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of OTLP's messages (opentelemetry-proto 1, trace.proto, resource.proto and
// common.proto), by message.
const (
	dataResourceSpans = 1 // of TracesData and ExportTraceServiceRequest

	resourceSpansResource, resourceSpansScopes = 1, 2
	resourceAttributes                         = 1
	scopeSpansScope, scopeSpansSpans           = 1, 2
	scopeName, scopeVersion                    = 1, 2

	spanTrace, spanID, spanState, spanParent, spanName, spanKind = 1, 2, 3, 4, 5, 6
	spanStart, spanEnd, spanAttributes, spanLinks                = 7, 8, 9, 13
	spanStatus, spanFlags                                        = 15, 16
	linkTrace, linkID, linkFlags                                 = 1, 2, 6
	statusCode, statusError                                      = 3, 2
	keyValueKey, keyValueValue                                   = 1, 2
	valueString, valueInt                                        = 1, 3
)

// encodeResource is what stands in front of the spans: the process and the library.
func encodeResource(attributes []Attribute, version string) (resource, scope []byte) {
	for _, a := range attributes {
		resource = appendAttribute(resource, resourceAttributes, a)
	}
	scope = appendText(scope, scopeName, "switchboard")
	return resource, appendText(scope, scopeVersion, version)
}

// encode is an export of spans.
func encode(resource, scope []byte, spans []Span) []byte {
	scoped := appendBytes(nil, scopeSpansScope, scope)
	for _, s := range spans {
		scoped = appendBytes(scoped, scopeSpansSpans, encodeSpan(s))
	}
	body := appendBytes(nil, resourceSpansResource, resource)
	body = appendBytes(body, resourceSpansScopes, scoped)
	return appendBytes(nil, dataResourceSpans, body)
}

func encodeSpan(s Span) (b []byte) {
	b = appendBytes(b, spanTrace, s.trace[:])
	b = appendBytes(b, spanID, s.id[:])
	if s.state != "" {
		b = appendText(b, spanState, s.state)
	}
	if s.parent != [8]byte{} {
		b = appendBytes(b, spanParent, s.parent[:])
	}
	b = appendText(b, spanName, s.Name)
	b = appendNumber(b, spanKind, uint64(s.Kind))
	b = protowire.AppendFixed64(protowire.AppendTag(b, spanStart, protowire.Fixed64Type), uint64(s.Began.UnixNano()))
	b = protowire.AppendFixed64(protowire.AppendTag(b, spanEnd, protowire.Fixed64Type), uint64(s.Ended.UnixNano()))
	for _, a := range s.Attributes {
		b = appendAttribute(b, spanAttributes, a)
	}
	if trace, id, sampled, ok := parse(s.link.Parent); ok && sampled { // another leads nowhere
		link := appendBytes(appendBytes(nil, linkTrace, trace[:]), linkID, id[:])
		b = appendBytes(b, spanLinks, protowire.AppendFixed32(protowire.AppendTag(link, linkFlags, protowire.Fixed32Type), 1))
	}
	if s.Failed {
		b = appendBytes(b, spanStatus, appendNumber(nil, statusCode, statusError))
	}
	return protowire.AppendFixed32(protowire.AppendTag(b, spanFlags, protowire.Fixed32Type), 1) // sampled
}

func appendAttribute(b []byte, field protowire.Number, a Attribute) []byte {
	value := appendText(nil, valueString, a.Text)
	if a.Text == "" {
		value = appendNumber(nil, valueInt, uint64(a.Number))
	}
	return appendBytes(b, field, appendBytes(appendText(nil, keyValueKey, a.Key), keyValueValue, value))
}

func appendBytes(b []byte, field protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), value)
}

func appendText(b []byte, field protowire.Number, value string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), value)
}

func appendNumber(b []byte, field protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), value)
}
