"""Tables of data: what personal data was found in them, and what those who hold them say of them."""

from collections.abc import Mapping

from msgspec import Struct

CATEGORIES: Mapping[str, str] = {
    "name": "names of people",
    "street-address": "street and house, post-office box, or whatever is narrower than a town",
    "small-area": "town, county, precinct, ZIP or post code (more than three digits in the US), coordinates",
    "date": "a date finer than the year that is tied to a person: birth, admission, discharge, death, service",
    "age-over-89": "an age over 89, or a year of birth that shows one",
    "phone": "telephone numbers",
    "fax": "fax numbers",
    "email": "e-mail addresses",
    "social-security-number": "US social security numbers",
    "national-id": "personal numbers and passports that a state gives out, US social security numbers apart",
    "medical-record-number": "numbers of patients, encounters or specimens at a provider",
    "health-plan-number": "numbers of the insured, Medicare's included",
    "account-number": "bank and customer accounts, wallets; payment cards apart",
    "payment-card": "whole payment card numbers",
    "card-authentication": "card verification codes, magnetic track data, PINs",
    "licence-number": "driving and professional licences and certificates of the person",
    "vehicle": "vehicle identification numbers and licence plates",
    "device": "serial numbers and hardware addresses of a person's or patient's devices",
    "url": "web addresses that are tied to a person",
    "ip-address": "network addresses that are tied to a person",
    "biometric": "finger, voice, face or iris prints and templates from which a person is recognised",
    "photograph": "images of a face",
    "identifier-hash": "what a hash of an identifier without a key gives back: whoever guesses the value finds it",
    "unique-code": "another number, characteristic or code that only one person has, and that isn't a code assigned at "
    "random to find the record again",
    "health": "diseases, treatments, medication, disability",
    "genetic": "genotypes, variants, sequences",
    "ethnic-origin": "racial or ethnic origin; not nationality",
    "religion": "religious or philosophical belief",
    "political-opinion": "political opinion, party, vote",
    "trade-union": "membership of a trade union",
    "sexual-life": "sex life or sexual orientation",
    "criminal": "convictions, offences, and the measures that follow from them",
}
"""What rules know personal data by. Types are many and come and go with the engines; these only ever get more."""


class Entity(Struct, frozen=True, kw_only=True):
    """One type of personal data in one column."""

    type: str
    """presidio's name where it has one (`EMAIL_ADDRESS`), else one made likewise."""
    category: str
    """Which of CATEGORIES it is; each type is of one only."""
    count: int
    """In how many cells it stands, 1 or more; at least so many, where the look was cut short."""


class Column(Struct, frozen=True, kw_only=True):
    """A column that holds something personal, in the clear or so that it can be had back from the value alone.

    What was masked, cut off, or replaced by a token or a keyed hash isn't personal data of its former type.
    """

    column: str
    """Its header, `a.b` inside nested ones; its number, from 1, where it has none or the header itself is personal."""
    free_text: bool
    """Its cells are running text in which entities stand among other words, not one value each."""
    entities: list[Entity]


class Table(Struct, frozen=True, kw_only=True):
    """A table: a file of rows, a sheet, a table of a database, or a split of a data set.

    What it doesn't hold is only known where it was looked for in every cell. `columns` tells where things are, and
    never that nothing is there; `found` tells that. A rule that wants something absent therefore asks both:

        resource.columns.all(c, c.entities.all(e, e.category != "email")) && resource.found["email"] == 0

    The first part fails as soon as one column is known to hold it, whatever else could not be read. The second can't
    be true unless the look was whole. So a step that was cut short (a budget, a model that is missing, a row group
    that doesn't decode) makes the categories that it looks for Unknown in `found`, those that it found some of too,
    and leaves the others as they are. Where a whole column, or its entities, could not be looked at, an Unknown stands
    in its place in the lists as well.
    """

    columns: list[Column]
    """Those that hold something personal, in the table's order."""
    found: dict[str, int]
    """Category → in how many cells of the table it stands, where every cell was looked at by means that find it; else
    Unknown. A category that this detector knows no means for is Unknown, or left out: reading what is left out is an
    error, and so unknown, not 0."""
    zip3_areas: dict[str, int]
    """Three-digit US ZIP area, of those that the operator's policy asks about → how many cells say it alone, without
    further digits. Never other areas, so that no value is told that the policy didn't name first."""
    declared_state: str | None
    """What its card, manifest or the operator calls it: `identified`; `pseudonymised`; `limited-data-set` (45 CFR
    164.514(e)); `safe-harbor` (164.514(b)(2)); `expert-determination` (164.514(b)(1)); `anonymised`, also for
    "de-identified" without saying by which method. None: nothing says. Never concluded from the data."""
    model_data: bool
    """Its card, its place (train, validation or test split) or a training job says that models learn or are measured
    from it. False: nothing says so."""
    special_category_condition: str | None
    """The exception of GDPR Art. 9(2) that its card or manifest relies on, `a` to `j`. None: it names none."""
    criminal_data_authority: str | None
    """The official authority or law under which, as its card or manifest says, data on convictions and offences is
    processed (GDPR Art. 10). None: it names none."""
