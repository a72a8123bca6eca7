"""The vocabulary of the prose: large, so that the same three words in a row are rare."""

from typing import Final

from gameday.canary.families.characters import listed

ADJECTIVES: Final = listed("""
abandoned adjacent affordable aging alpine alternate ambitious ancillary annual aquatic arctic artisan audited automated
autonomous balanced bankrupt bespoke biannual bilingual bonded bulky buoyant candid capital ceramic certified cheap chilled
circular clerical coastal cobalt collateral compact compliant conical contested copper corporate costly covert cramped crucial
custom cyclical dated decentral deferred defunct delicate dense derelict digital dismal disputed domestic dormant double
durable dusty eastern edible elastic elderly elegant empty enamel endangered entire ethical exclusive exotic expired external
fabric faded feasible federal fertile fiscal flagship flexible foggy foreign formal fragile franchised freehold frozen frugal
garden gaseous generic genuine giant glazed global granite graphite gross guarded handmade harbour hardy hazardous hidden
hollow horizontal humid hybrid idle illegal immense imported indebted indoor industrial inland insolvent insured intact
interim internal irregular isolated joint juridical lavish leased legacy lengthy leveraged licensed linear liquid listed loyal
lucrative lunar luxury magnetic marginal maritime mature medical mineral minor mobile modular monthly municipal mutual narrow
native neglected neutral nimble nominal northern novel nuclear obscure obsolete offshore opaque optical optional organic
orphaned outdated overdue overseas padded painted parallel partial patented payable pending perishable permanent pilot
plastic pledged polar porous portable premium pressing private profitable provincial punctual quarterly radical rapid rare
redundant refurbished regional relevant remote rented residual restless retail reusable rigid rival robust rural rustic
salvaged sealed seasonal secluded secondary seized serial shallow shared silent silver sleepy slender solar solvent southern
spare sparse special stable stagnant statutory steady sterile strategic subsidised suburban surplus suspended sustainable tacit
taxable temperate temporary tenured textile thermal tidal timber toxic traceable tribal tropical turbulent unbranded underground
undervalued uniform unpaid unsold untested upscale urban urgent usable vacant valid varied velvet verified vertical viable
vintage virtual volatile voluntary vulnerable washable waterproof western wholesale winding wireless wooden worldwide woven
""")

NOUNS: Final = listed("""
acquisitions acres adapters advertisements agencies airlines airports alloys ambulances analysts antennas apartments appraisals
aquariums archives assemblies assets auctions audits auditors avenues backlogs bakeries balconies ballrooms bargains barges
barrels basements batteries beaches bearings beverages bicycles billboards blankets boilers bonds bonuses bookshops borders
bottles boutiques branches breweries bridges brochures brokers budgets buses bushels buyers cabins cables cafes calendars
campaigns canals candles canteens caravans cargoes carpets cartons casinos castings catalogues caterers cellars chapels
charters chemists chimneys cinemas claims clerks clients clinics coaches coatings colleges combines commissions committees
competitors complaints compressors concessions condos consignments consultants containers contractors conveyors corridors
cottages couriers courts coupons cranes crates creditors crews crops customs dairies dams databases dealers deadlines debtors
deeds defaults deliveries dentists departments deposits depots designers detergents devices directors discounts distilleries
dividends docks doctors domains drills drivers drones duties earnings easements editors elevators embassies engines engineers
estates estuaries exhibits exports facades factories fairs farms fees ferries fertilisers festivals fibres filters findings
fisheries fittings flats fleets florists forecasts forests forges foundries fountains franchises freighters fridges funds
furnaces galleries garages gardens gaskets gateways generators glaciers goods grains grants greenhouses grids grocers guarantees
guilds gyms halls hangars harbours harvesters hatcheries heaters hedges helmets herds highways holdings hospitals hostels hotels
incentives indemnities infirmaries ingots insurers interns inventories investors invoices islands jackets jetties jewellers
juries kennels kilns kiosks kitchens laboratories ladders lagoons lamps landlords lanes launches laundries lawsuits lawyers
leaflets leases ledgers lenders lenses levies liabilities licences lifts liners loans lobbies lockers lodges logos looms lorries
lots lounges machines magazines mailings mandates mansions manuals margins marinas markets meadows mergers metals meters mills
mines monasteries mortgages motels motors museums nurseries oilfields olives operators orchards outlets ovens owners pallets
panels parcels parkings partners pastures patents pavilions payrolls penalties pensions permits pharmacies pickups pilots
pipelines planners plants platforms polymers ports portfolios posters premiums presses prisons processors producers promises
prospects prototypes pubs pumps quarries quotas radiators railways ranches ratings reactors rebates receipts recruiters
refineries refunds registries rentals repairs reservoirs resorts restaurants retailers robots roofs routes royalties sailors
salaries salons samples satellites sawmills scaffolds schedules schools seedlings seminars sensors servers shafts sheds shelters
ships showrooms shuttles signals silos smelters solvents sponsors squares stables stadiums stalls stations statutes steamers
stocks stores studios subsidies suburbs suppliers surveys switches syndicates tailors tankers tariffs taverns taxis temples
tenants tenders terminals terraces theatres tickets tiles tolls tools towers tractors trademarks trains tramlines treasuries
treaties trials trucks trusts tunnels turbines tutors uniforms unions utilities vaccines valleys valves vans vaults vendors
ventures verandas vessels vets villages villas vineyards vouchers wagons warehouses warrants wells wharves windows workshops
yachts yards yields zones
""")

VERBS: Final = listed("""
abandon absorb accelerate acquire adapt advertise aggregate allocate amend annex appraise assemble assign auction audit automate
balance bankroll barter block borrow bundle buy cancel capitalise catalogue certify challenge charter claim clear close collect
combine commission compensate concede consolidate consume contest convert coordinate copy cover credit cultivate curtail cut
decline decommission deduct defend defer delay deliver demolish deposit depreciate design diminish disclose discount dismantle
displace distribute divert divest divide donate double downgrade draft drain duplicate earn electrify eliminate embargo encumber
endorse enlarge equip escrow evacuate evaluate examine exceed exchange exclude exempt expand expedite exploit export expose
extend fabricate favour finance fix flatten forecast foreclose forfeit fortify franchise freeze fund furnish garnish gather
generate grant guarantee halve harvest heat hedge hire hoard host idle import impound improve indemnify inflate inherit inspect
install insulate insure inventory invest irrigate isolate itemise justify label launch lease lend leverage license limit liquidate
list load lock mandate manufacture market match merge migrate mine modernise modify monitor mortgage mothball move nationalise
negotiate neglect nominate notarise obtain occupy offset operate order outbid outsource overhaul overstate own package patent
pawn penalise phase pledge pool postpone preserve price privatise process procure promote protect prune publish purchase
quantify quarantine question quote raze rebrand recall recast recoup recycle redeem redesign redirect reduce refinance refit
refurbish register reinsure relabel release relocate renew renovate rent reopen repair repay replace reprice resell reserve
restock restore restructure retain retire retrofit reverse revoke ringfence sample scrap seize sell settle shelter ship shrink
shut simplify slash solicit split sponsor spread stabilise standardise stockpile store streamline subcontract subdivide sublet
subsidise supply surrender survey suspend swap tax tender test tighten trade transfer transplant treat trim triple undercut
underwrite unload upgrade vacate value vend veto waive warehouse weigh widen withdraw withhold
""")

ADVERBS: Final = listed("""
abruptly adequately aggressively amicably annually anonymously badly belatedly blindly boldly briefly broadly calmly carefully
cautiously centrally cheaply chiefly clumsily collectively comfortably commonly conditionally constantly coolly covertly
daily deeply deftly deliberately diligently directly discreetly doubtfully duly eagerly easily elegantly entirely equally
evenly exclusively expressly fairly faithfully falsely finally firmly flatly formally frankly freely fully generously gently
gladly globally gradually gratefully greatly halfway hardly hastily heavily honestly hourly idly illegally individually
informally jointly justly largely lately lavishly lawfully lazily legally lightly locally loosely loudly loyally mainly
manually massively meekly merely monthly mutually mildly narrowly nearly neatly nervously nightly noisily notably openly orally
overtly partially partly patiently permanently politely poorly precisely privately promptly proudly publicly punctually quickly
quietly radically randomly rapidly rarely readily recklessly regionally reluctantly remotely rigidly robustly roughly routinely
sadly safely secretly selectively separately severely shamelessly sharply silently simply slowly smartly smoothly softly solely
soundly sparingly steadily sternly strangely strictly strongly suddenly swiftly tacitly temporarily tentatively thoroughly
tightly tirelessly totally unanimously unevenly unfairly uniformly unwillingly urgently usefully vaguely vastly verbally
vigorously visibly voluntarily warily weakly weekly wholly widely willingly wisely wrongly yearly
""")

PLACES: Final = listed("""
Aberdeen Accra Adelaide Aleppo Amman Ankara Antwerp Arica Asmara Athens Auckland Baku Bamako Bangalore Barcelona Basel Basra
Batumi Beirut Belfast Belgrade Bergen Berlin Bilbao Bogota Bologna Bordeaux Brasov Bremen Brisbane Bristol Brno Brussels
Bucharest Budapest Busan Cadiz Cairo Calgary Cali Canberra Caracas Cardiff Cebu Chennai Chicago Cologne Colombo Copenhagen
Cordoba Cork Dakar Dallas Darwin Delhi Denver Dhaka Dijon Dresden Dublin Dundee Durban Edmonton Essen Florence Fukuoka Galway
Gdansk Geneva Genoa Ghent Glasgow Graz Grenoble Guayaquil Haifa Halifax Hamburg Hanoi Harare Havana Helsinki Hobart Houston
Incheon Istanbul Izmir Jakarta Jeddah Kampala Karachi Kassel Kathmandu Katowice Khartoum Kigali Kobe Kolkata Krakow Kyiv Lagos
Lahore Lausanne Leeds Leipzig Leon Lille Lima Linz Lisbon Liverpool Ljubljana Lodz Luanda Lublin Lusaka Lyon Madrid Malaga
Malmo Manaus Manila Maputo Marseille Medellin Memphis Milan Minsk Mombasa Montreal Mumbai Munich Nagoya Nairobi Nantes Naples
Narvik Nice Nicosia Odense Odesa Omaha Oporto Osaka Oslo Ostrava Ottawa Oulu Palermo Panama Parma Perth Phoenix Plovdiv Poznan
Prague Pretoria Quebec Quito Rabat Recife Reno Rennes Riga Rome Rosario Rostock Rotterdam Salzburg Santiago Santos Sapporo
Sarajevo Seattle Seoul Seville Skopje Sofia Split Stavanger Stockholm Suva Sydney Szeged Tallinn Tampere Tartu Tbilisi Tirana
Tokyo Toronto Toulouse Trieste Trondheim Tunis Turin Turku Uppsala Utrecht Valencia Varna Vaduz Verona Vienna Vigo Vilnius
Warsaw Wellington Windhoek Winnipeg Yerevan Zagreb Zurich
""")

TIMES: Final = tuple(
    f"{word} {period}"
    for word in ("before", "after", "during", "since", "until", "throughout", "past", "around")
    for period in listed("""
    January February March April May June July August September October November December Monday Tuesday Wednesday Thursday
    Friday Christmas Easter Ramadan Diwali Lent spring summer autumn winter harvest midyear yearend inspection arbitration
    """)
)

PREPOSITIONS: Final = listed(
    "despite without against behind beyond above beneath besides plus minus versus regarding concerning including excluding"
)
