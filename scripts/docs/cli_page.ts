/**
 * Writes docs/cli.md from the commands themselves; its test holds the page to them.
 *
 *     npm run docs:cli
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { helpOf } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { overview } from "../../src/cli/main.ts";
import { ROOT } from "../runtimes.mjs";

const HEAD = `# The command

\`kinsumer\` looks at fleets from outside, and helps to run them. It needs no client, writes to no table unless
you ask it to, and comes with the package:

| runtime | call |
|---|---|
| Node | \`npx kinsumer status …\` |
| Bun | \`bunx kinsumer status …\` |
| Deno | \`deno run -A jsr:@kinsumer/kinsumer/cli status …\` |
| in a checkout | \`npm run kinsumer -- status …\` |

- **Results** go to stdout, remarks and progress to stderr. \`--json\` makes the result JSON; what goes on for
  long (\`top\`, \`tail\`, \`noop\`, \`put\`) prints one object a line.
- **Exit codes**: 0 all is well; 1 a problem was found, or something failed; 2 the command line is wrong; 130
  after Ctrl-C (143 after SIGTERM), but 0 where that is the ordinary end: \`tail\`, \`noop\`, \`local\`. \`top\` ends
  with what its last look found.
- **Colours**: where stdout is a terminal. \`NO_COLOR\` and \`FORCE_COLOR\` are respected.
- **Streams** are named, or given by their ARN: for those of another account.
- **Region**: \`--region\`, the stream's ARN's, \`AWS_REGION\`, \`AWS_DEFAULT_REGION\`, the profile's; for servers on this host
  \`us-east-1\`.
- **Credentials**: \`--profile\`; else \`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\`, \`AWS_SESSION_TOKEN\`; else
  \`AWS_PROFILE\` or the profile \`default\`, as far as \`~/.aws/credentials\` or \`~/.aws/config\` hold its keys
  (\`AWS_SHARED_CREDENTIALS_FILE\` and \`AWS_CONFIG_FILE\` name other files). For a profile with SSO, a role or a
  process the command prints the line that exports its keys. For servers on this host credentials are made up.
- **Endpoints**: the options; else \`KINSUMER_KINESIS_ENDPOINT\` and \`KINSUMER_DYNAMODB_ENDPOINT\`; else
  \`AWS_ENDPOINT_URL_KINESIS\` and \`AWS_ENDPOINT_URL_DYNAMODB\`; else \`AWS_ENDPOINT_URL\`; else the region's.
- **Permissions**: [the client's policy](aws.md#permissions) is enough for all but \`put\`
  (\`kinesis:PutRecords\`). \`status\` and \`top\` need \`kinesis:DescribeStreamSummary\`, \`ListShards\`,
  \`GetShardIterator\` and \`GetRecords\` (the last two not with \`--no-lag\`), \`dynamodb:Scan\` and \`GetItem\`.

`;

/** The page. */
export function cliPage(): string {
  const overviewBlock = `\`\`\`text\n${overview()}\`\`\`\n`;
  const commands = COMMANDS.map((command) =>
    `\n## kinsumer ${command.name}\n\n\`\`\`text\n${helpOf(command)}\`\`\`\n`
  );
  return `${HEAD}${overviewBlock}${commands.join("")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(join(ROOT, "docs", "cli.md"), cliPage());
}
