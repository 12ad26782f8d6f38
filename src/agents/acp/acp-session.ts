import type { Json } from '../../core/yard-event.ts';
import { listAt, textAt } from '../program/json-line.ts';

/** Modes in which programs do not ask, by the names that they give them. Only for a cell. */
const UNATTENDED = ['bypassPermissions', 'agent-full-access', 'full-access', 'yolo'];

/** A request that sets a session up. */
export interface Setting {
  readonly method: string;
  readonly params: { readonly [key: string]: Json };
}

/** What a session is to work with. */
export interface SessionSetup {
  readonly model: string | null;
  readonly effort: string | null;
  readonly isEnclosed: boolean;
}

/** What must be set in a session, by what it offers (the answer that opened it). */
export function settingsFor(
  sessionId: string,
  opened: Json,
  wish: SessionSetup,
): { readonly kind: 'ok'; readonly settings: readonly Setting[] } | { readonly kind: 'refused'; readonly why: string } {
  const settings: Setting[] = [];
  for (const [category, value] of [
    ['model', wish.model],
    ['thought_level', wish.effort],
  ] as const) {
    if (value === null) continue;
    const setting =
      optionSetting(sessionId, opened, category, value) ?? modelSetting(sessionId, opened, category, value);
    if (setting === null) {
      const offered = offeredOf(opened, category);
      const what = category === 'model' ? `the model ${value}` : `the effort ${value}`;
      return {
        kind: 'refused',
        why: `the agent does not offer ${what}${offered.length === 0 ? '' : `; it offers: ${offered.slice(0, 20).join(', ')}`}`,
      };
    }
    settings.push(setting);
  }
  const mode = wish.isEnclosed ? UNATTENDED.find((id) => modesOf(opened).includes(id)) : undefined;
  if (mode !== undefined && mode !== textAt(opened, 'modes', 'currentModeId')) {
    settings.push({ method: 'session/set_mode', params: { sessionId, modeId: mode } });
  }
  return { kind: 'ok', settings };
}

function modesOf(opened: Json): string[] {
  return listAt(opened, 'modes', 'availableModes').flatMap((mode) => textAt(mode, 'id') ?? []);
}

function optionSetting(sessionId: string, opened: Json, category: string, value: string): Setting | null {
  const option = optionOf(opened, category);
  const configId = textAt(option, 'id');
  if (configId === null || !valuesOf(option).includes(value)) return null;
  return { method: 'session/set_config_option', params: { sessionId, configId, value } };
}

/** Gemini's way, from before there were options. */
function modelSetting(sessionId: string, opened: Json, category: string, modelId: string): Setting | null {
  if (category !== 'model' || !modelIds(opened).includes(modelId)) return null;
  return { method: 'session/set_model', params: { sessionId, modelId } };
}

function modelIds(opened: Json): string[] {
  return listAt(opened, 'models', 'availableModels').flatMap((model) => textAt(model, 'modelId') ?? []);
}

function offeredOf(opened: Json, category: string): string[] {
  return [...valuesOf(optionOf(opened, category)), ...(category === 'model' ? modelIds(opened) : [])];
}

function optionOf(opened: Json, category: string): Json | undefined {
  return listAt(opened, 'configOptions').find((option) => textAt(option, 'category') === category);
}

/** Options may stand in groups. */
function valuesOf(option: Json | undefined): string[] {
  return listAt(option, 'options').flatMap((one) => [
    ...(textAt(one, 'value') === null ? [] : [textAt(one, 'value') ?? '']),
    ...listAt(one, 'options').flatMap((inner) => textAt(inner, 'value') ?? []),
  ]);
}
