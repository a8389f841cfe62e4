#pragma once
// The frame of the HTML report: style, head of a campaign, comparison, events.

#include <string>

#include "search/report/report.hpp"

namespace atto::search {

std::string page_start(const std::string& title);
std::string page_end();
/// A chart with title and note; "" where the chart is empty.
std::string figure(const std::string& title, const std::string& svg, const std::string& note);
/// Opens a campaign's section: name, settings, costs, the command that runs it again.
std::string campaign_header(const CampaignReport& report);
/// Best-so-far over CPU-seconds and a table, all campaigns together.
std::string comparison_section(const std::vector<CampaignReport>& reports);
std::string events_section(const CampaignReport& report);

}  // namespace atto::search
