/** The contract as an OpenRPC 1.3 document, for clients in other languages. */
import { z } from 'zod'
import { ERRORS } from '../kernel/errors.ts'
import { VERSION } from '../kernel/version.ts'
import { CONTRACT_VERSION } from './frames.ts'
import type { Method } from './method.ts'
import { methods } from './methods.ts'

type JsonSchema = Record<string, unknown>

/** Shared shapes move to `components/schemas` under their own names. */
export function openRpcDocument(): Record<string, unknown> {
  const shared: Record<string, JsonSchema> = {}
  const described = Object.entries(methods as Record<string, Method>).map(([name, method]) => ({
    name,
    summary: method.summary,
    paramStructure: 'by-name',
    params: paramsOf(jsonSchema(method.params, 'input', shared)),
    result: { name: 'result', schema: jsonSchema(method.result, 'output', shared) },
    errors: method.errors.map(code => ({
      code: ERRORS[code].rpc,
      message: code,
      data: { code, hint: ERRORS[code].hint },
    })),
    'x-access': method.access,
    ...(method.without === undefined ? {} : { 'x-without': method.without }),
    ...(method.timeoutMs === undefined ? {} : { 'x-timeout-ms': method.timeoutMs }),
    ...(method.event === undefined ? {} : { 'x-event': jsonSchema(method.event, 'output', shared) }),
  }))
  return {
    openrpc: '1.3.2',
    info: {
      title: 'VIVIM daemon',
      version: VERSION,
      description:
        'JSON-RPC 2.0 over a Unix socket, one document a line, no batches. The first call is system.hello. ' +
        'A notification `cancel` with `{id}` takes a call back; events of a subscription come as notifications `event`.',
    },
    'x-contract-version': CONTRACT_VERSION,
    methods: described,
    components: { schemas: Object.fromEntries(Object.entries(shared).sort(([a], [b]) => (a < b ? -1 : 1))) },
  }
}

function paramsOf(schema: JsonSchema): object[] {
  const required = (schema.required ?? []) as string[]
  return Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).map(([name, property]) => ({
    name,
    required: required.includes(name),
    schema: property,
  }))
}

/** One schema, its shared shapes moved out. A shape that is written and read in two ways would need two names. */
function jsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  shared: Record<string, JsonSchema>,
): JsonSchema {
  const {
    $schema: _,
    $defs = {},
    ...body
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as JsonSchema
  for (const [name, definition] of Object.entries($defs as Record<string, JsonSchema>))
    shared[name] = pointed(definition) as JsonSchema
  return pointed(body) as JsonSchema
}

/** References to where the shared shapes stand now. */
function pointed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pointed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'id' || typeof (value as JsonSchema).id !== 'string')
      .map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string'
          ? inner.replace('#/$defs/', '#/components/schemas/')
          : pointed(inner),
      ]),
  )
}
