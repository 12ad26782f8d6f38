import { z } from 'zod';

import { NOTICE_KINDS } from '../core/notice.ts';
import { NOTICE_SHAPES } from '../core/notice-shapes.ts';
import { webhookProblem } from '../core/webhook-address.ts';
import { duration } from './duration-schema.ts';

// `notify` of the configuration: who is told when a person is needed.

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const url = z.string().superRefine((value, context) => {
  const why = webhookProblem(value);
  if (why !== null) context.addIssue(why);
});

const webhook = z
  .strictObject({
    url: url.optional().meta({ description: 'Where messages are posted; http or https. It is hidden everywhere' }),
    variable: z
      .string()
      .regex(VARIABLE, 'is not the name of a variable')
      .optional()
      .meta({ description: 'The variable of your environment that holds the address, instead of url' }),
    shape: z.enum(NOTICE_SHAPES).default('json').meta({ description: 'What the receiver understands' }),
  })
  .superRefine((value, context) => {
    if ((value.url === undefined) === (value.variable === undefined)) {
      context.addIssue('needs either url or variable');
    }
  })
  .transform(({ url: address = null, variable = null, shape }) => ({ url: address, variable, shape }));

export const notifySchema = z
  .strictObject({
    webhook: webhook.optional().meta({ description: 'Posted to' }),
    desktop: z.boolean().default(false).meta({ description: 'Shown on the desktop of whoever runs yard run' }),
    on: z
      .array(z.enum(NOTICE_KINDS))
      .default([...NOTICE_KINDS])
      .meta({ description: 'What is told' }),
    window: duration.prefault('30s').meta({ description: 'All that happens within it is one message' }),
  })
  .prefault({})
  .transform(({ webhook: to = null, window, ...rest }) => ({ ...rest, webhook: to, windowMs: window }))
  .meta({ description: 'Who is told when a person is needed' });
