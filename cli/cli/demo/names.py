"""Words to make people, enterprises and places of: invented combinations of common names."""

from dataclasses import dataclass

FIRST_NAMES = {
    "nl": (
        "Sanne", "Daan", "Lotte", "Bram", "Femke", "Thijs", "Anouk", "Jeroen", "Marieke", "Ruben", "Ilse", "Koen",
        "Noor", "Wouter", "Hanneke", "Pieter", "Yasmina", "Mehmet", "Fatima", "Joris", "Els", "Stijn", "Griet", "Hugo",
    ),
    "fr": (
        "Camille", "Lucas", "Manon", "Hugo", "Chloé", "Nathan", "Élise", "Julien", "Amélie", "Maxime", "Inès", "Simon",
        "Léa", "Olivier", "Nadia", "Karim", "Sophie", "Bastien", "Aurélie", "Gilles", "Zoé", "Benoît", "Agathe", "Noé",
    ),
}  # fmt: skip
LAST_NAMES = {
    "NL": (
        "de Vries", "Jansen", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "de Boer", "Dekker", "Brouwer",
        "van Dijk", "Kok", "Vermeulen", "van der Linden", "Hoekstra", "Willems", "Postma", "Kuipers", "van Leeuwen",
        "Yilmaz", "el Amrani", "Veenstra", "Scholten", "Huisman",
    ),
    "BE": (
        "Peeters", "Janssens", "Maes", "Jacobs", "Mertens", "Claes", "Goossens", "Wouters", "De Smet", "Dubois",
        "Lambert", "Dupont", "Martin", "Simon", "Laurent", "Leclercq", "Renard", "Collard", "Verhaegen", "Van Damme",
        "Declercq", "Michel", "Noël", "Benali",
    ),
}  # fmt: skip
TRADES = {
    "nl": (
        "Bakkerij", "Installatiebedrijf", "Drukkerij", "Garage", "Bouwbedrijf", "Kwekerij", "Slagerij", "Transport",
        "Schilderwerken", "Fietsenhandel", "Loonwerk", "Meubelmakerij",
    ),
    "fr": (
        "Boulangerie", "Menuiserie", "Imprimerie", "Garage", "Constructions", "Pépinière", "Boucherie", "Transports",
        "Toitures", "Cycles", "Plomberie", "Ébénisterie",
    ),
}  # fmt: skip
LEGAL_FORMS = {("NL", "nl"): "B.V.", ("BE", "nl"): "BV", ("BE", "fr"): "SRL"}
STREETS = {
    "nl": (
        "Dorpsstraat", "Kerkstraat", "Molenweg", "Schoolstraat", "Stationsstraat", "Lindelaan", "Wilgenpad",
        "Nieuwstraat", "Veldweg", "Marktplein", "Beukenlaan", "Havenstraat", "Kasteeldreef", "Eikenhof",
    ),
    "fr": (
        "Rue Haute", "Rue de la Gare", "Avenue des Tilleuls", "Rue du Moulin", "Place du Marché", "Rue de l'Église",
        "Chemin Vert", "Rue Neuve", "Avenue des Champs", "Rue du Château", "Quai de Meuse", "Rue des Écoles",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Town:
    """A town and the numbers that its postcode has (NL: four digits before two letters)."""

    name: str
    postcode: int


TOWNS = {
    ("NL", "nl"): (
        Town("Utrecht", 3511), Town("Zwolle", 8011), Town("Breda", 4811), Town("Groningen", 9711),
        Town("Amersfoort", 3811), Town("Deventer", 7411), Town("Leiden", 2311), Town("Venlo", 5911),
        Town("Hoorn", 1621), Town("Goes", 4461), Town("Emmen", 7811), Town("Tilburg", 5011),
    ),
    ("BE", "nl"): (
        Town("Gent", 9000), Town("Leuven", 3000), Town("Mechelen", 2800), Town("Kortrijk", 8500),
        Town("Hasselt", 3500), Town("Aalst", 9300), Town("Brugge", 8000), Town("Turnhout", 2300),
    ),
    ("BE", "fr"): (
        Town("Namur", 5000), Town("Liège", 4000), Town("Mons", 7000), Town("Charleroi", 6000), Town("Arlon", 6700),
        Town("Wavre", 1300), Town("Tournai", 7500), Town("Bruxelles", 1000),
    ),
}  # fmt: skip
CONSUMER_GOODS = {
    "nl": (
        "Energielevering, jaarafrekening", "Fiets, model Stadsfiets", "Telefoonabonnement", "Wasmachine, type W700",
        "Sportabonnement, kwartaal", "Zonwering op maat", "Cursus Spaans", "Tandheelkundige behandeling",
    ),
    "fr": (
        "Fourniture d'énergie, décompte annuel", "Vélo de ville", "Abonnement de téléphonie", "Lave-linge, type W700",
        "Abonnement de sport, trimestre", "Stores sur mesure", "Cours d'espagnol", "Soins dentaires",
    ),
}  # fmt: skip
TRADE_GOODS = {
    "nl": (
        "Onderhoud koelinstallatie, vierde kwartaal", "Levering verpakkingsmateriaal", "Huur hoogwerker, december",
        "Drukwerk catalogus", "Levering staalprofielen", "Transportdiensten, week 48",
    ),
    "fr": (
        "Entretien installation frigorifique, quatrième trimestre", "Livraison d'emballages", "Location de nacelle",
        "Impression du catalogue", "Livraison de profilés en acier", "Services de transport, semaine 48",
    ),
}  # fmt: skip
