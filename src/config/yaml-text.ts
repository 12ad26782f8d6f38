const PLAIN = /^[A-Za-z](?:[A-Za-z0-9_./*-]|,(?=\S)| (?=[A-Za-z0-9]))*$/;
const WORDS_WITH_A_MEANING = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** The text as YAML: plain where nothing can be misread, else in double quotes (every JSON string is YAML). */
export function yamlText(text: string): string {
  return PLAIN.test(text) && !WORDS_WITH_A_MEANING.test(text) ? text : JSON.stringify(text);
}
