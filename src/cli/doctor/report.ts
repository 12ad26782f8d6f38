import { z } from 'zod';

const requires = z
  .array(z.string())
  .readonly()
  .meta({ description: 'Checks that must not have failed for this one to say anything' });
const check = z.union([
  z.strictObject({
    id: z.string(),
    requires,
    status: z.enum(['pass', 'skip']),
    message: z.string().meta({ description: 'What was seen, or why nothing was looked at' }),
  }),
  z.strictObject({
    id: z.string(),
    requires,
    status: z.enum(['warn', 'fail']),
    message: z.string().meta({ description: 'What is wrong' }),
    remedy: z.string().meta({ description: 'What to do' }),
    safe: z.string().optional().meta({ description: 'What is not lost by it' }),
    tail: z.array(z.string()).readonly().optional().meta({ description: 'The last lines of the log that says more' }),
  }),
]);
const repair = z.strictObject({ id: z.string().meta({ description: 'The check' }), what: z.string() });

/** What `yard doctor --json` prints, field by field. */
export const doctorReportSchema = z
  .strictObject({
    ok: z.boolean().meta({ description: 'No check failed; the exit code is 0' }),
    diagnosis: z
      .string()
      .nullable()
      .meta({ description: 'The check to mend first: the first failure, else the first warning' }),
    summary: z.strictObject({
      pass: z.int().nonnegative(),
      warn: z.int().nonnegative(),
      fail: z.int().nonnegative(),
      skip: z.int().nonnegative(),
    }),
    checks: z.array(check).meta({ description: 'In the order in which they are made' }),
    repaired: z.array(repair).optional().meta({ description: 'With --repair: what was done' }),
    notRepaired: z.array(repair).optional().meta({ description: 'With --repair: what was tried without success' }),
  })
  .meta({ title: 'Yardmaster doctor', description: 'What `yard doctor --json` prints' });

export type DoctorReport = z.input<typeof doctorReportSchema>;

/** `schema/doctor.schema.json`. */
export function renderDoctorSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(doctorReportSchema), null, 2)}\n`;
}
