"""What is written under --help: commands to be copied, and what each is for."""

FIRST = (
    ("slotfill run", "a first run on a database of its own: nothing has to be set up"),
    (
        "slotfill run --headless --threshold 'p95.confirm<=200ms' --json >result.json",
        "in CI: exit 1 when it is slower",
    ),
    ("slotfill run assign --concurrency 8 --retries 3", "give tables to all bookings that wait for them"),
    ("slotfill sweep --levels 1,4,8", "how it scales, and what limits it"),
    ("slotfill watch --dsn postgresql://me@db/shop", "look at a database that somebody else loads"),
)
"""Under the list of all commands."""
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "run": (
        ("slotfill run", "slots from 12:00 to 15:00 of the seeded day, 4 workers, with the console"),
        ("slotfill run --concurrency 8 --days 3 --share-slots", "a longer one, with more to contend for"),
        ("slotfill run --rate 40", "40 attempts a second whatever the answers"),
        ("slotfill run --fault slow-step=confirm:20", "what a slow step does; slotfill faults has them all"),
        ("slotfill run assign --data stress", "give tables to bookings that wait for them"),
        ("slotfill run --target staging --yes=bookings", "a target of config.toml, whose database is named bookings"),
    ),
    "sweep": (("slotfill sweep --levels 1,4,8 --repeat 5", "five rounds at each level, in mixed order"),),
    "continue": (("slotfill continue --concurrency 2", "go on with the last run, with fewer workers"),),
    "set": (
        ("slotfill set concurrency=12", "of the last run; concurrency=+2 and =-2 go by what it is"),
        ("slotfill set 1a2b rate=20 fault.slow-step=hold:50", "several at once, of the run 1a2b…"),
    ),
    "check": (("slotfill check --json | jq .counts", "how many rows offend, by check"),),
    "compare": (
        ("slotfill compare 1a2b 3c4d", "two runs; equal seeds are paired by booking"),
        ("slotfill compare 1a2b 3c4d --against 5e6f 7a8b", "two arms of several runs each; exit 1 for a regression"),
    ),
    "report": (
        ("slotfill report --format junit --out ci", "for CI; also html, csv, prom"),
        ("slotfill report --audit", "exit 6 when a number does not follow from the records"),
    ),
    "events": (("slotfill events | jq 'select(.type==\"Refused\")'", "every refusal, as it came"),),
    "prune": (
        ("slotfill prune --keep 5 --yes", "all but the newest five, with their databases"),
        ("slotfill prune 1a2b", "that one"),
    ),
    "watch": (
        ("slotfill watch --dsn postgresql://me@db.example.com/shop", "the password from PGPASSWORD or ~/.pgpass"),
        ("slotfill watch --target staging --headless", "a sentence for each change"),
    ),
    "repair": (
        ("slotfill repair holds --dry-run", "list what is leaked, and do nothing"),
        ("slotfill repair torn last --yes", "put it right without asking"),
    ),
    "db": (
        ("slotfill db status", "whether it runs, who uses it, and its databases"),
        ('psql "$(slotfill db url)"', "a psql of your own on the last run's database"),
        ("slotfill db psql 1a2b --command '\\d bookings'", "one command of psql, in that run's database"),
    ),
    "completion": (
        ("source <(slotfill completion bash)", "in ~/.bashrc; zsh likewise in ~/.zshrc"),
        ("slotfill completion fish >~/.config/fish/completions/slotfill.fish", "once"),
    ),
    "config": (
        ("slotfill config show | grep alerts", "the alert rules"),
        ("slotfill config show --set run.concurrency=8", "what an option changes"),
        ("slotfill config schema >config.schema.json", "for an editor"),
    ),
}
"""What is written under a command's options."""
