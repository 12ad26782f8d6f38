const TYPES: Readonly<Record<number, readonly [type: string, code: string]>> = {
  401: ['invalid_request_error', 'invalid_api_key'],
  403: ['invalid_request_error', 'unsupported_country_region_territory'],
  404: ['invalid_request_error', 'model_not_found'],
  429: ['requests', 'rate_limit_exceeded'],
};

/** The body of an error, as OpenAI writes it: programs decide by its `type` whether they try again. */
export function openaiError(status: number): unknown {
  const [type, code] = TYPES[status] ?? [status < 500 ? 'invalid_request_error' : 'server_error', null];
  return { error: { message: `stub ${status}`, type, param: null, code } };
}
