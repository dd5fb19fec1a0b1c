export function ReportsPage() {
  return <h1>Reports</h1>;
}
export function ReportPage({ name }: { name: string }) {
  return <h1>Report {name}</h1>;
}
