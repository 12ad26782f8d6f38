import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What holds, and which version of what is at work. */
export function configureCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('config')
      .description('the values that hold, and where each comes from')
      .argument('[key]', 'a key, or a group of them such as limits; all unless said')
      .option('--schema', 'print the JSON schema of the files')
      .option('--json', 'print as JSON')
      .action((key: string | undefined, options: object) =>
        run(async () => (await import('../commands/config.ts')).configCommand(context, key, options)),
      ),
    'yard config limits',
  );
  example(
    program
      .command('update')
      .description('have this repository worked on by a version of Yardmaster')
      .summary('pin the version of Yardmaster that works on this repository')
      .argument('[version]', 'such as 0.1.0')
      .option('--install', 'install it with npm, if it is not there')
      .option('--force', 'pin it though it is not installed here')
      .option('--none', 'ask for no version any more')
      .option('--json', 'print as JSON')
      .action((version: string | undefined, options: object) =>
        run(async () => (await import('../commands/update.ts')).updateCommand(context, version, options)),
      ),
    'yard update 0.1.0',
  );
  example(
    program
      .command('version')
      .description('which version is at work, and which this repository asks for')
      .summary('which version is at work, and which one is pinned here')
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/version.ts')).versionCommand(context, options)),
      ),
    'yard version',
  );
  example(
    program
      .command('migrate')
      .description('bring store and configuration to the formats of this version; keeps a copy of each')
      .summary('bring store and configuration to the formats of this version')
      .option('--dry-run', 'say what it would do, and do nothing')
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/migrate.ts')).migrateCommand(context, options)),
      ),
    'yard migrate --dry-run',
  );
}
